from generator.format.tables import PLACEMENT, SAMPLE


def test_tables_are_packed() -> None:
    assert (SAMPLE.itemsize, PLACEMENT.itemsize) == (18, 18)
