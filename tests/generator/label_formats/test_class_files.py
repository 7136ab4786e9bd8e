from pathlib import Path

import pytest

from generator.errors import AssetError
from generator.label_formats.class_files import NamedClass, read_class_file

ROAD, CAR = (128, 64, 128), (9, 143, 150)

DIALECTS = {
    "spaces": "name, r, g, b\nunlabeled, 0, 0, 0\nroad, 128, 64, 128\ncar, 9, 143, 150\n",
    "ids and CRLF": "id,name,r,g,b\r\n0,unlabeled,0,0,0\r\n2,car,9,143,150\r\n1,road,128,64,128\r\n",
    "semicolons": "name;r;g;b;id;\nunlabeled;0;0;0;0;\nroad;128;64;128;1;\ncar;9;143;150;2;\n",
    "byte order mark": '\ufeff"name","r","g","b"\n"unlabeled",0,0,0\n"road",128,64,128\n"car",9,143,150\n',
    "no header": "unlabeled,0,0,0\nroad,128,64,128\ncar,9,143,150\n",
    "colours first": "0 0 0\t\tunlabeled\n128 64 128\troad\n9 143 150\tcar\n",
    "label map": "# label:color_rgb:parts:actions\nunlabeled:0,0,0::\nroad:128,64,128::\ncar:9,143,150::\n",
    "hex": "class,color\nunlabeled,#000000\nroad,#804080\ncar,098f96\n",
}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "classes.txt"
    path.write_bytes(text.encode())
    return path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_dialect_gives_the_same_classes(tmp_path: Path, dialect: str) -> None:
    assert read_class_file(written(tmp_path, DIALECTS[dialect])) == (
        NamedClass(0, "unlabeled", (0, 0, 0)),
        NamedClass(1, "road", ROAD),
        NamedClass(2, "car", CAR),
    )


def values_and_names(tmp_path: Path, text: str) -> list[tuple[int, str]]:
    return [(row.value, row.name) for row in read_class_file(written(tmp_path, text))]


def test_names_alone_are_numbered_by_row(tmp_path: Path) -> None:
    assert values_and_names(tmp_path, "Sky\ntraffic light\n\n") == [(0, "Sky"), (1, "traffic light")]


def test_labelme_begins_with_what_it_ignores(tmp_path: Path) -> None:
    found = values_and_names(tmp_path, "__ignore__\n_background_\ncat\n")
    assert found == [(-1, "__ignore__"), (0, "_background_"), (1, "cat")]


def test_object_lists_of_ade20k_begin_with_1(tmp_path: Path) -> None:
    rows = "Idx\tRatio\tTrain\tVal\t\tName\n1\t0.15\t11664\t1172\t\twall\n2\t0.1\t7\t7\t\tbuilding, edifice\n"
    assert values_and_names(tmp_path, rows)[1:] == [(1, "wall"), (2, "building, edifice")]
    rows = "Idx,Ratio,Train,Val,Stuff,Name\n1,0.15,1,1,1,wall\n2,0.1,7,7,1,building;edifice\n"
    assert values_and_names(tmp_path, rows)[1:] == [(1, "wall"), (2, "building;edifice")]
    rows = "Idx  Ratio  Train  Name\n1  0.15  11664  wall\n2  0.1  7  building, edifice\n"
    assert values_and_names(tmp_path, rows)[1:] == [(1, "wall"), (2, "building, edifice")]


def test_missing_names_become_unknown(tmp_path: Path) -> None:
    found = values_and_names(tmp_path, "id,name\n-1,void\n0,a\n2,\n3,d\n")
    assert found == [(-1, "void"), (0, "a"), (1, "unknown_1"), (2, "unknown_2"), (3, "d")]


def test_numbers_without_header(tmp_path: Path) -> None:
    assert values_and_names(tmp_path, "1 cat\n0 none\n2: hot dog\n") == [
        (0, "none"),
        (1, "cat"),
        (2, "hot dog"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\n# only this\n", ": expected a class in each row, found no rows; give another class file"),
        ("name,r,g,b\n", ": expected a class in each row, found a header alone; give another class file"),
        (
            "name,r,g,b\na,1,2,3\nb,1,2,256\n",
            " row 3: expected red, green and blue from 0 to 255, found '1,2,256'; correct the class file",
        ),
        (
            f"name,r,g,b\na,1,2,{'9' * 5000}\n",
            f" row 2: expected red, green and blue from 0 to 255, found '1,2,{'9' * 36}';"
            " correct the class file",
        ),
        *(
            (
                f"{'9' * 5000}{row}\n",
                f" row 1: expected a whole number for the class, found '{'9' * 40}'; correct the class file",
            )
            for row in (" cat", ",cat,1,2,3")
        ),
        (
            "name,r,g,b\na,1\n",
            " row 2: expected 4 columns, as in the header, found 2; correct the class file",
        ),
        (
            "id,name\none,a\n",
            " row 2: expected a whole number for the class, found 'one'; correct the class file",
        ),
        (
            "id,name\n1,a\n1,b\n",
            " row 3: expected a number of its own, found 1, as in row 2; correct the class file",
        ),
        ("a\nb\na\n", " row 3: expected a name of its own, found a, as in row 1; correct the class file"),
        (
            "id,name\n70000,a\n",
            " row 2: expected a number from -1 to 65535 and a name of up to 100 letters, found 70000 'a';"
            " correct the class file",
        ),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(AssetError) as error:
        read_class_file(path)
    assert str(error.value) == f"{path}{message}"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"name\n\xff\xfe\n")
    with pytest.raises(
        AssetError, match=r"expected a file that names classes, found .*; save it as UTF-8 text"
    ):
        read_class_file(tmp_path / "a.csv")
    with pytest.raises(AssetError, match=r"none\.csv does not exist\. Check the path of the class file\."):
        read_class_file(tmp_path / "none.csv")
