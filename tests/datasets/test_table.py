"""`table`: a file whose rows name the images, and whose columns are fields of masks and patients."""

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job.datasets import tabular
from job.datasets.discover import Survey, survey
from job.datasets.expected import expected_masks
from job.datasets.inventory import inventory
from job.errors import PairingError
from tests.datasets.make import dataset, write

ROWS = [
    {"image": "a.png", "mask": "m1", "person": "P1", "split": "train"},
    {"image": "sub/b.png", "mask": "m2", "person": "P2", "split": "test"},
]


def save(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a table in the format of its ending."""
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix in (".jsonl", ".ndjson"):
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if path.suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows(rows)
    return path


def look(folder: Path, rows: Any = ROWS, name: str = "t.csv", where: Any = None, **changes: Any) -> Survey:
    """Survey images a.png, sub/b.png and c.png with masks m1, m2 and deep/m3. rows: of the table, or its bytes."""
    for address in ("images/a.png", "images/sub/b.png", "images/c.png", "masks/m1.nii", "masks/m2.nii"):
        write(folder / address, b"x")
    write(folder / "masks/deep/m3.nii", b"x")
    path = folder / name
    if isinstance(rows, bytes):
        path.write_bytes(rows)
    else:
        save(path, rows)
    table = {"file": str(path), "image": "image"} | ({"where": where} if where else {})
    return survey(data(folder, table=table, **changes))


def data(folder: Path, **changes: Any) -> Any:
    defaults = {"images": f"{folder}/images/**/*.png", "masks": f"{folder}/masks/{{mask}}.nii", "patient": "{person}"}
    return dataset(folder, **(defaults | changes))


def test_columns_are_fields_of_selections(tmp_path):
    """Of `only`, `except` and `axes`: of each image, its row's."""
    found = look(tmp_path, only={"person": "P*", "split": ["train", "test"]}, **{"except": {"split": "test"}})
    assert ([source.image for source in found.sources], found.deselected) == (["a.png"], ("sub/b.png",))
    found = look(tmp_path, axes={"LPS": {"split": "train"}, "RAS": {"split": "test"}})
    assert [source.axes for source in found.sources] == ["LPS", "RAS"]


def test_a_column_that_a_selection_names_must_be_there(tmp_path):
    """The fault has the selection's key, and the nearest name."""
    for key in ("only", "except"):
        with pytest.raises(PairingError, match=r"no column 'splt'.*split") as raised:
            look(tmp_path, **{key: {"splt": "train"}})
        assert raised.value.key == (key,)


def test_columns_are_fields_of_channels(tmp_path):
    """A table may say which file is which sequence."""
    for name in ("m1", "m2"):
        write(tmp_path / f"t2/{name}.png", b"x")
    channels = {"red": "{image}", "green": f"{tmp_path}/t2/{{mask}}.png", "blue": "{image}"}
    found = look(tmp_path, channels=channels)
    names = [source.channels["green"][0].address.rpartition("/")[2] for source in found.sources]
    assert names == ["m1.png", "m2.png"]


def shown(found: Survey) -> dict[str, tuple[str, list[str]]]:
    """Return patient and masks of each image."""
    return {
        source.image: (source.patient, [Path(file.address).name for file in source.masks["object"]])
        for source in found.sources
    }


def refusal(folder: Path, *args: Any, **changes: Any) -> tuple[tuple[str, ...], str]:
    with pytest.raises(PairingError) as caught:
        look(folder, *args, **changes)
    return caught.value.key, str(caught.value)


@pytest.mark.parametrize("name", ["t.csv", "T.TSV", "t.jsonl", "t.ndjson", "t.parquet"])
def test_columns_are_fields_of_masks_and_patient(tmp_path: Path, name: str) -> None:
    """In a table of any kind; an image that no row names is left out."""
    path = save(tmp_path / name.lower(), ROWS).rename(tmp_path / name)
    found = look(tmp_path, path.read_bytes(), name)
    assert shown(found) == {"a.png": ("P1", ["m1.nii"]), "sub/b.png": ("P2", ["m2.nii"])}
    assert found.unlisted == ("c.png",)


@pytest.mark.parametrize("name", ["b.png", "b", "sub/b.png", " sub/b.png "])
def test_a_row_names_an_image_as_a_line_of_a_list_does(tmp_path: Path, name: str) -> None:
    """By its address, its name or its stem."""
    assert list(shown(look(tmp_path, [ROWS[1] | {"image": name}]))) == ["sub/b.png"]


def test_the_address_of_an_image_counts_before_its_name(tmp_path: Path) -> None:
    """Another image of the same name has another row."""
    write(tmp_path / "images/sub/a.png", b"x")
    rows = [ROWS[0], ROWS[1] | {"image": "sub/a.png", "person": "P9"}]
    assert {image: patient for image, (patient, _) in shown(look(tmp_path, rows)).items()} == {
        "a.png": "P1",
        "sub/a.png": "P9",
    }


def test_a_row_for_each_file_of_a_folder_names_the_folder(tmp_path: Path) -> None:
    """As tables of DICOM series do; whether the row's file exists does not matter."""
    for series in ("c1/s1", "c1/s2", "c2/s1"):
        write(tmp_path / f"images/{series}/1.dcm", b"x")
    rows = [ROWS[0] | {"image": f"c1/s1/{n}.dcm"} for n in (1, 2)] + [ROWS[1] | {"image": "c2/s1/7.dcm"}]
    found = look(tmp_path, rows, images=f"{tmp_path}/images/{{case}}/{{series}}/")
    assert {image.rstrip("/"): patient for image, (patient, _) in shown(found).items()} == {
        "c1/s1": "P1",
        "c2/s1": "P2",
    }
    assert len(found.unlisted) == 1


def test_a_path_below_an_image_that_is_a_file_names_nothing(tmp_path: Path) -> None:
    """Only folders have files."""
    assert look(tmp_path, [ROWS[0] | {"image": "a.png/1"}]).rows_not_found == ("a.png/1",)


@pytest.mark.parametrize(
    ("where", "images"),
    [
        ({"split": "test"}, ["sub/b.png"]),
        ({"split": ["train", "test"]}, ["a.png", "sub/b.png"]),
        ({"image": "*/*.png"}, ["sub/b.png"]),
        ({"split": "t*", "person": "P?", "mask": "m1"}, ["a.png"]),
    ],
)
def test_where_chooses_rows(tmp_path: Path, where: Any, images: list[str]) -> None:
    """By values, lists and patterns; all columns must match."""
    assert list(shown(look(tmp_path, where=where))) == images


def test_rows_of_one_image_may_differ_in_columns_that_are_not_used(tmp_path: Path) -> None:
    """They are one row."""
    assert list(shown(look(tmp_path, [ROWS[0], ROWS[0] | {"split": "test"}]))) == ["a.png"]


def test_rows_of_one_image_that_differ_are_a_fault(tmp_path: Path) -> None:
    """It names image, column and both values."""
    key, message = refusal(tmp_path, [ROWS[0], ROWS[0] | {"person": "P7"}])
    assert key == ("table",)
    assert "a.png: one row has 'P1' in column 'person', another 'P7'" in message


def test_rows_that_name_no_image_are_told(tmp_path: Path) -> None:
    """Beside the images that no row names."""
    found = look(tmp_path, [*ROWS, ROWS[0] | {"image": "z.png"}, ROWS[0] | {"image": ""}])
    assert found.rows_not_found == ("(empty)", "z.png")
    assert inventory(data(tmp_path), found).remarks[-1] == "2 names in `table` that no image has ((empty), z.png)"
    assert "1 image left out that no row of `table` names (c.png)" in inventory(data(tmp_path), found).remarks


def test_a_mask_beside_the_images_is_not_an_image_left_out(tmp_path: Path) -> None:
    """It is a mask, though no row names it."""
    write(tmp_path / "images/a_mask.png", b"x")
    rows = [ROWS[0] | {"mask": "a_mask"}]
    found = look(tmp_path, rows, masks=f"{tmp_path}/images/{{mask}}.png")
    assert (found.masks_as_images, found.unlisted) == (("a_mask.png",), ("c.png", "sub/b.png"))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"masks": "masks/{maks}.nii"}, ("masks",)),
        ({"patient": "{maks}"}, ("patient",)),
        ({"where": {"maks": "m1"}}, ("table", "where", "maks")),
        ({"masks": None, "tasks": {"a": {"label": 1, "masks": "{maks}.nii"}}}, ("tasks", "a", "masks")),
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_an_unknown_column_is_a_fault_of_the_key_that_names_it(
    tmp_path: Path, name: str, changes: Any, key: tuple[str, ...]
) -> None:
    """With the columns that there are, and the nearest one."""
    expected = "no column 'maks' in the table, which has image, mask, person, split; did you mean 'mask'?"
    assert refusal(tmp_path, ROWS, name, **changes) == (key, expected)


def test_the_column_of_images_must_exist(tmp_path: Path) -> None:
    """No name is near."""
    key, message = refusal(tmp_path, b"file,mask,person\n")
    assert (key, message) == (("table", "image"), "no column 'image' in the table, which has file, mask, person")


def test_a_table_of_many_columns_shows_some(tmp_path: Path) -> None:
    """The first twenty, and no long name in full."""
    message = refusal(tmp_path, ("x" * 1000 + "".join(f",c{n}" for n in range(10**5))).encode())[1]
    assert message.endswith("c18, …")
    assert len(message) < 300


def test_a_field_of_images_counts_before_a_column(tmp_path: Path) -> None:
    """And so does a field that every image has."""
    rows = [ROWS[0] | {"person": "column", "stem": "column"}]
    found = look(tmp_path, rows, images=f"{tmp_path}/images/{{person}}.png", patient="{person} {stem} {split}")
    assert shown(found)["a.png"][0] == "a a train"


HEADER = b"image,mask,person\n"
BAD = {
    "empty": (b"", "t.csv", "no column 'image' in the table, which has none"),
    "not UTF-8": (HEADER + b"\xff,m1,P1\n", "t.csv", "expected text in UTF-8"),
    "too few values": (HEADER + b"a.png,m1\n", "t.csv", "expected 3 values in line 2, got 2"),
    "an open quote": (HEADER + b'"a.png,m1', "t.csv", "expected a table that can be read"),
    "a column twice": (b"image,mask,mask,person\n", "t.csv", "expected one column 'mask', not several"),
    "no JSON": (b'{"image": "a"}\nx\n', "t.jsonl", "expected a JSON object in line 2"),
    "a list": (b"[1]\n", "t.jsonl", "expected a JSON object in line 1"),
    "deep": (b"[" * 10**5 + b"\n", "t.jsonl", "expected a JSON object in line 1"),
    "long": (b'"' + b"a" * (1 << 20) + b'"', "t.jsonl", "expected lines of at most 1,048,576 characters"),
    "an object as value": (b'{"image": {}}\n', "t.jsonl", "expected a text or a number as 'image' in line 1"),
    "half a character": (b'{"image": "\\ud800"}\n', "t.jsonl", "expected a text or a number as 'image' in line 1"),
    "no Parquet": (b"PAR1" * 9, "t.parquet", "expected a table that can be read"),
    "Excel": (b"PK", "t.xlsx", "expected a file that ends in .csv, .tsv, .jsonl, .ndjson, .parquet"),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, bad: str) -> None:
    """With what was expected."""
    content, name, message = BAD[bad]
    key, text = refusal(tmp_path, content, name)
    assert key[0] == "table"
    assert message in text


def test_a_damaged_parquet_file_is_read_or_refused(tmp_path: Path) -> None:
    """The process would end where pyarrow is asked for the statistics of some of these."""
    sound = save(tmp_path / "sound.parquet", ROWS).read_bytes()
    path = tmp_path / "damaged.parquet"
    refused = 0
    for place in range(0, len(sound), 5):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        try:
            tabular.read_rows(str(path), ["image"])
        except (PairingError, tabular.NoColumnError):
            refused += 1
    assert refused > 0


@pytest.mark.parametrize("kind", ["list", "bytes"])
def test_a_parquet_column_of_no_text_is_refused(tmp_path: Path, kind: str) -> None:
    """Lists, and bytes that are no text."""
    value = ["a.png"] if kind == "list" else b"\xff"
    key, message = refusal(tmp_path, [ROWS[0] | {"image": value}], "t.parquet")
    assert key == ("table", "file")
    assert "expected texts or numbers in column 'image'" in message


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
@pytest.mark.parametrize(("limit", "message"), [("MOST_ROWS", "at most 1 rows"), ("MOST_BYTES", "at most 0 MiB")])
def test_rows_and_bytes_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: str, message: str
) -> None:
    """A million and 64 MiB; one of each here."""
    monkeypatch.setattr(tabular, limit, 1)
    assert message in refusal(tmp_path, ROWS, name)[1]


def test_what_a_parquet_file_unpacks_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its footer, before anything is unpacked."""
    monkeypatch.setattr(tabular, "MOST_UNPACKED", 1)
    assert "unpacked" in refusal(tmp_path, ROWS, "t.parquet")[1]


def test_numbers_of_text_files_stay_as_they_are_written(tmp_path: Path) -> None:
    """Leading zeros, and zeros at the end."""
    found = look(tmp_path, b'{"image": "a.png", "mask": "m1", "person": 1.50}\n', "t.jsonl")
    assert shown(found)["a.png"][0] == "1.50"
    assert shown(look(tmp_path, HEADER + b"a.png,m1,007\n"))["a.png"][0] == "007"


@pytest.mark.parametrize(("numbers", "text"), [([7, None], "7"), ([7.0, float("nan")], "7"), ([True, None], "true")])
def test_numbers_of_parquet_are_text(tmp_path: Path, numbers: list[Any], text: str) -> None:
    """A whole number that pandas made a float, for a value that is missing, is whole again."""
    rows = [row | {"n": number} for row, number in zip(ROWS, numbers, strict=True)]
    found = look(tmp_path, rows, "t.parquet", where={"person": "P1"}, patient="{n}")
    assert shown(found)["a.png"][0] == text


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_an_empty_patient_is_a_fault(tmp_path: Path, name: str) -> None:
    """All such images would be one patient."""
    key, message = refusal(tmp_path, [ROWS[0] | {"person": None}, ROWS[1]], name)
    assert key == ("patient",)
    assert "column 'person' is empty in the row of a.png; leave such rows out with `where: {person: \"?*\"}`" in message


def test_a_value_may_lead_into_folders(tmp_path: Path) -> None:
    """Below the folder that the template names; values of other depths beside it."""
    found = look(tmp_path, [ROWS[0] | {"mask": "deep/m3"}, ROWS[1]])
    assert shown(found) == {"a.png": ("P1", ["m3.nii"]), "sub/b.png": ("P2", ["m2.nii"])}


@pytest.mark.parametrize(
    "mask", ["../secret", "/etc/passwd", "*", "m?", "{person}", "=cmd|x", 'a"b', "m1\n", "\0", "."]
)
def test_values_of_masks_are_literal_and_lead_nowhere_else(tmp_path: Path, mask: str) -> None:
    """No wildcards, no fields, no folder above: such a mask is missing."""
    write(tmp_path / "secret.nii", b"x")
    found = look(tmp_path, [ROWS[0] | {"mask": mask, "person": "m1"}], "t.jsonl")
    assert shown(found) == {"a.png": ("m1", [])}


@pytest.mark.parametrize("person", ["=cmd|' /C calc'!A0", "../x", "{case}", 'say "a, b"', "two\nlines", "é"])
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.jsonl", "t.parquet"])
def test_values_stay_text(tmp_path: Path, name: str, person: str) -> None:
    """Formulas, paths, braces, quotes and line ends."""
    assert shown(look(tmp_path, [ROWS[0] | {"person": person}], name))["a.png"][0] == person


def test_masks_are_looked_for_in_sixteen_folders_at_most(tmp_path: Path) -> None:
    """Each depth takes a listing."""
    for depth in (16, 17):
        write(tmp_path / "masks" / Path(*"d" * depth) / "m.nii", b"x")
    rows = [row | {"mask": "d/" * depth + "m"} for row, depth in zip(ROWS, (16, 17), strict=True)]
    assert [masks for _, masks in shown(look(tmp_path, rows)).values()] == [["m.nii"], []]


def test_a_missing_mask_is_expected_by_its_column(tmp_path: Path) -> None:
    """The ledger shows the template; the table is not read again for it."""
    (source,) = look(tmp_path, [ROWS[0] | {"mask": "m9"}]).sources
    assert expected_masks(data(tmp_path), source, "object") == (f"{tmp_path}/masks/{{mask}}.nii",)


def test_a_name_that_two_images_have_is_refused(tmp_path: Path) -> None:
    """Else both would have one patient. A row for the address of one of them leaves the name to the other."""
    write(tmp_path / "images/a/b.png", b"x")
    rows = [{"image": "b", "mask": "m1", "person": "P1"}]
    with pytest.raises(PairingError, match=r"b names both a/b\.png and sub/b\.png: name images by their addresses"):
        look(tmp_path, rows)
    found = shown(look(tmp_path, [*rows, {"image": "a/b.png", "mask": "m2", "person": "P2"}]))
    assert {image: patient for image, (patient, _) in found.items()} == {"a/b.png": "P2", "sub/b.png": "P1"}
