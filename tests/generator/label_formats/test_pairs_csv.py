from pathlib import Path

import pytest

from generator.errors import AssetError
from generator.label_formats.pairs_csv import PairsTable, Row


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("images/a.jpg", "images/b, c.jpg", "masks/a.png", "masks/b.png", "bg/1.jpg", "d.npy"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def read(folder: Path, content: str | bytes) -> tuple[list[Row], list[str], list[str]]:
    path = folder / "pairs.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    table = PairsTable(path, folder)
    rows = table.rows()
    return rows, [str(problem).replace(f"{folder}/", "") for problem in table.problems], table.notes


def test_all_columns_in_any_order(folder: Path) -> None:
    text = "Split,MASK,image,bg,depth\nvalid,masks/a.png,images/a.jpg,bg/1.jpg,d.npy\n"
    rows, problems, notes = read(folder, text)
    names = ("images/a.jpg", "masks/a.png", "bg/1.jpg", "d.npy")
    assert rows == [Row(*(folder / name for name in names), split="val")]
    assert (problems, notes) == ([], [])


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbfpicture;mask\r\n"images/a.jpg";masks/a.png\r\n"images/b, c.jpg";"masks/b.png"\r\n',
        b'picture,mask\nimages/a.jpg , masks/a.png\n\n"images/b, c.jpg",masks/b.png\n,\n',
        b"picture\tmask\nimages\\a.jpg\tmasks\\a.png\nimages\\b, c.jpg\tmasks\\b.png",
        'picture,mask\nimages/a.jpg,masks/a.png\n"images/b, c.jpg",masks/b.png\n'.encode("utf-16"),
    ],
    ids=["semicolons, CRLF, BOM", "commas, spaces, empty rows", "tabs, backslashes", "UTF-16"],
)
def test_dialects(folder: Path, content: bytes) -> None:
    rows, problems, _ = read(folder, content)
    assert problems == []
    assert [row.picture.name for row in rows] == ["a.jpg", "b, c.jpg"]
    assert [row.mask for row in rows] == [folder / "masks/a.png", folder / "masks/b.png"]


def test_absolute_paths(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "m.png"
    elsewhere.touch()
    rows, _, _ = read(folder, f"picture,mask\n{folder / 'images/a.jpg'},{elsewhere}\n")
    assert rows == [Row(folder / "images/a.jpg", elsewhere)]


def test_rows_that_cannot_be_used_are_named_and_the_others_are_read(folder: Path) -> None:
    text = (
        "picture,mask,split,remark\n"
        "images/no.jpg,masks/a.png,train,x\n"
        "images/a.jpg,,train,x\n"
        "images/b, c.jpg,masks/b.png,train,x\n"
        "images/a.jpg,masks/a.png,first,x\n"
        "images/a.jpg,masks/a.png\n"
    )
    rows, problems, notes = read(folder, text)
    assert rows == [Row(folder / "images/a.jpg", folder / "masks/a.png")]
    assert problems == [
        "pairs.csv, line 2 names a picture that does not exist: images/no.jpg. Correct the path, which begins"
        " at the source, or remove the row.",
        "pairs.csv, line 3: expected a file in column mask, found nothing; fill the cell, or remove the row",
        "pairs.csv, line 4: expected 4 cells as in the first line, found 5; put cells that hold ',' in"
        " quotes",
        "pairs.csv, line 5: expected split train, val or test, found 'first'; correct the cell",
    ]
    assert notes == [f"{folder / 'pairs.csv'}: columns that are not used: remark"]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (
            b"a,b\n1,2\n",
            "expected columns picture and mask in the first line, found 'a,b'; name the columns",
        ),
        (b"", "found ''; name the columns"),
        (b"picture,mask\n", "has no row below its header"),
        (b"picture,mask\n\xff\xfe,x\n", "expected text in UTF-8, found other bytes; save the table as UTF-8"),
        (b'picture,mask\n"' + b"a" * 200_000 + b'",b\n', "line 2: expected cells of CSV, found field larger"),
    ],
)
def test_no_table_of_pairs(folder: Path, content: bytes, error: str) -> None:
    with pytest.raises(AssetError, match=r"pairs\.csv") as caught:
        read(folder, content)
    assert error in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"no\.csv: expected a table of pairs, found No such file"):
        PairsTable(tmp_path / "no.csv", tmp_path)
