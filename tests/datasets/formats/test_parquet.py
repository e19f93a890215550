"""Parquet files of images, as image data sets on the hub are stored: rows are images, cells are files."""

import io
import random
import sys
from contextlib import suppress

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from job import storage
from job.datasets.check import check_headers, look_inside
from job.datasets.discover import discover
from job.datasets.formats import parquet
from job.errors import DataError, PairingError, StoreRefusedError
from job.plan.chunks import chunks
from job.storage import FileInfo, InputCache
from tests.datasets.make import MAX_PX, dataset, grey, load, square

CELL = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def png(values):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def images(count):
    return [grey() + number for number in range(count)]


def saved(path, count=5, names=None, *, plain=False, **more):
    """Save images and masks; names: the paths of the images."""
    names = names or [f"img_{number}.png" for number in range(count)]
    pictures = [png(values) for values in images(count)]
    masks = [png(np.roll(square(), number, axis=1)) for number in range(count)]
    table = pa.table(
        {
            "image": pa.array(pictures, pa.binary())
            if plain
            else pa.array([{"bytes": data, "path": name} for data, name in zip(pictures, names, strict=True)], CELL),
            "mask": pa.array([{"bytes": data, "path": None} for data in masks], CELL),
            "note": ["text"] * count,
        }
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2, **more)
    return path


def of(folder, **keys):
    return dataset(folder, **({"images": f"{folder}/data/*.parquet#image", "masks": "{image}#mask"} | keys))


def test_rows_are_images_with_masks_of_the_same_row(tmp_path):
    """Of all files; named by the paths that they state. Values are those of the pictures."""
    saved(tmp_path / "data/train-0.parquet")
    saved(tmp_path / "data/train-1.parquet", 3)
    samples = load(of(tmp_path), tmp_path).samples
    assert [sample.image for sample in samples] == [
        f"train-{file}.parquet/img_{row}.png" for file, count in ((0, 5), (1, 3)) for row in range(count)
    ]
    for sample, values, row in zip(samples[:5], images(5), range(5), strict=True):
        assert np.array_equal(sample.image_HWC[..., 0], (values / values.max() * 255).astype(np.uint8))
        assert np.array_equal(sample.objects[0].truth_HW, np.roll(square(), row, axis=1) > 0)


@pytest.mark.parametrize("names", [["a", "a", "b"], ["a", None, "b"], ["a", "", "b"], ["a", "b", "c" * 300]])
def test_without_a_path_for_each_row_numbers_name_them(tmp_path, names):
    """Two of one name, or none: no row may hide another."""
    saved(tmp_path / "data/x.parquet", 3, names)
    assert [source.image for source in discover(of(tmp_path))] == [f"x.parquet/{row}" for row in range(3)]


def test_a_column_of_bytes_is_read_too(tmp_path):
    """`[*]` says the same as no sign: each row is an image."""
    saved(tmp_path / "data/x.parquet", 12, plain=True)
    for sign in ("", "[*]"):
        data = of(tmp_path, images=f"{tmp_path}/data/x.parquet#image{sign}", masks=f"{{image}}#mask{sign}")
        samples = load(data, tmp_path).samples
        assert [sample.image for sample in samples][:2] == ["x.parquet/00", "x.parquet/01"]
        assert len(samples) == 12


def test_masks_may_lie_elsewhere(tmp_path):
    """Named by the path of the row."""
    saved(tmp_path / "data/x.parquet", 2)
    (tmp_path / "m").mkdir()
    (tmp_path / "m/img_1.png").write_bytes(png(square()))
    loaded = load(of(tmp_path, masks=f"{tmp_path}/m/{{stem}}.png"), tmp_path)
    assert [sample.image for sample in loaded.samples] == ["x.parquet/img_1.png"]
    assert loaded.left_out[0].detail == f"expected a file at {tmp_path}/m/img_0.png"


def test_rows_are_chosen_as_files_are(tmp_path):
    """By name, or by a table, such as the file itself where it has a column of names."""
    saved(tmp_path / "data/x.parquet", 3)
    assert [source.image for source in discover(of(tmp_path, only="img_2*"))] == ["x.parquet/img_2.png"]


def test_validate_and_plan_read_it(tmp_path):
    """No findings, the task present; another content is another chunk."""
    path = saved(tmp_path / "data/x.parquet", 3)
    data, cache = of(tmp_path), InputCache(tmp_path / "cache", 1 << 30)
    for source in discover(data):
        assert check_headers(data, source, cache, MAX_PX) == []
        assert look_inside(data, source, cache, MAX_PX).tasks == {"object"}
    (first,) = chunks(data, discover(data), 8, cache, None, MAX_PX)
    saved(path, 3, compression="zstd")
    (second,) = chunks(data, discover(data), 8, cache, None, MAX_PX)
    assert first.name != second.name


def test_of_a_file_in_a_store_only_what_is_needed_is_read(tmp_path, monkeypatch):
    """The footer and one row group, by ranges; nothing is copied."""
    noise = np.random.default_rng(0)
    big = [{"bytes": noise.bytes(1 << 21), "path": f"{row}"} for row in range(8)]
    big[5]["bytes"] = png(grey())
    pq.write_table(pa.table({"image": pa.array(big, CELL)}), tmp_path / "x.parquet", row_group_size=1)
    storage.write("memory://hub/x.parquet", (tmp_path / "x.parquet").read_bytes())
    (file,) = storage.list_files("memory://hub", "*.parquet")
    read = []
    data = dataset(tmp_path, images="memory://hub/x.parquet#image", masks="{image}#image", only="5")
    original = MemoryFileSystem.cat_file
    monkeypatch.setattr(
        MemoryFileSystem,
        "cat_file",
        lambda self, path, start=None, end=None, **more: (
            read.append(len(data := original(self, path, start=start, end=end, **more))) or data
        ),
    )
    assert len(load(data, tmp_path).samples) == 1
    assert sum(read) < file.size / 2
    assert not list((tmp_path / "cache").glob("*"))


def with_columns(folder, **columns):
    count = len(next(iter(columns.values())))
    path = saved(folder / "data/x.parquet", count)
    table = pq.read_table(path)
    for name, values in columns.items():
        table = table.append_column(name, values if isinstance(values, pa.Array) else pa.array(values))
    pq.write_table(table, path)


def test_other_columns_are_fields(tmp_path):
    """Texts, numbers and categories: of patients, masks and selections."""
    group = pa.array(["a", "b", "a"]).dictionary_encode()
    with_columns(tmp_path, who=["P1", None, "P2"], age=[40, 50, 60], group=group)
    data = of(tmp_path, patient="{group}-{who}", only={"age": "45-99", "who": "P*"})
    assert [(source.image, source.patient) for source in discover(data)] == [("x.parquet/img_2.png", "a-P2")]


def test_an_empty_patient_is_a_fault(tmp_path):
    """All such rows would be one patient."""
    with_columns(tmp_path, who=["P1", None, "P2"])
    with pytest.raises(PairingError, match=r"column 'who' is empty in the row of x.parquet/img_1.png; leave such rows"):
        discover(of(tmp_path, patient="{who}"))


def test_a_number_that_is_none_is_empty(tmp_path):
    """NaN is how pandas stores a missing number; as a text, all such rows would be one patient."""
    with_columns(tmp_path, who=[28.0, float("nan"), 3.0])
    assert [each.patient for each in discover(of(tmp_path, patient="{who}", only={"who": "?*"}))] == ["28", "3"]
    with pytest.raises(PairingError, match=r"column 'who' is empty in the row of x.parquet/img_1.png"):
        discover(of(tmp_path, patient="{who}"))


def test_a_column_of_lists_is_no_patient(tmp_path):
    """Nothing else takes its place in silence."""
    with_columns(tmp_path, who=[["P1"], ["P1"]])
    with pytest.raises(PairingError, match=r"expected texts or numbers in the column 'who' of .*, got list") as raised:
        discover(of(tmp_path, patient="{who}"))
    assert raised.value.key == ("patient",)


def test_a_column_that_is_missing_is_a_fault(tmp_path):
    """With the nearest name, and the key of the spec."""
    with_columns(tmp_path, patient_id=["P1", "P2"])
    with pytest.raises(PairingError, match=r"no column 'patientid' in the Parquet file.*patient_id") as raised:
        discover(of(tmp_path, patient="{patientid}"))
    assert raised.value.key == ("patient",)


def test_a_damaged_file_beside_others_takes_no_patient(tmp_path):
    """It is a line of the ledger, and each of the others has its own."""
    with_columns(tmp_path, who=["P1", "P2"])
    (tmp_path / "data/y.parquet").write_bytes(b"no Parquet")
    assert [source.patient for source in discover(of(tmp_path, patient="{who}"))] == ["P1", "P2", "y.parquet"]


@pytest.mark.parametrize("empty", [None, {"bytes": None, "path": None}], ids=["null", "empty struct"])
@pytest.mark.parametrize(("unlabelled", "kind"), [("error", "error"), ("empty", "empty"), ("skip", "empty")])
def test_a_mask_without_content_is_missing(tmp_path, empty, unlabelled, kind):
    """As a file that is not there: the spec says what that means, and `validate` says the same."""
    path = saved(tmp_path / "data/x.parquet", 3)
    masks = pq.read_table(path)["mask"].to_pylist()
    masks[1] = empty
    pq.write_table(pq.read_table(path).set_column(1, "mask", pa.array(masks, CELL)), path)
    data = of(tmp_path, unlabelled=unlabelled)
    assert len(load(data, tmp_path).samples) == 2
    (line,) = load(data, tmp_path).left_out
    assert (line.image, line.kind, line.reason) == ("x.parquet/img_1.png", kind, "mask missing")
    assert line.detail.endswith("row 1 holds no bytes")
    cache = InputCache(tmp_path / "cache", 1 << 30)
    found = [each.kind for source in discover(data) for each in check_headers(data, source, cache, MAX_PX)]
    assert found == ["error"] * (kind == "error")


CELLS = {
    "no column 'image'": lambda: pa.table({"picture": [b"x"]}),
    "expected bytes, or a struct": lambda: pa.table({"image": [[1, 2], [3, 4]]}),
    "row 0 holds a path and no bytes": lambda: pa.table(
        {"image": pa.array([{"bytes": None, "path": "/etc/passwd"}], CELL)}
    ),
    "row 0 holds no bytes": lambda: pa.table({"image": pa.array([None], pa.binary())}),
    "not one of PNG": lambda: pa.table({"image": [b"<svg>no picture</svg>"]}),
    "the file is empty": lambda: pa.table({"image": [b""]}),
    "which is not read; store pictures": lambda: pa.table({"image": [b"PK\x03\x04 an archive"]}),
}


@pytest.mark.parametrize("said", list(CELLS))
def test_cells_that_are_no_pictures_are_refused(tmp_path, said):
    """Each by a line of the ledger. A path in a cell is never opened."""
    (tmp_path / "data").mkdir()
    pq.write_table(CELLS[said](), tmp_path / "data/x.parquet")
    lines = load(of(tmp_path), tmp_path).left_out
    assert said in lines[0].detail
    assert lines[0].kind == "error"


def test_a_damaged_file_is_one_line(tmp_path):
    """Cut off, empty, or another file."""
    data = saved(tmp_path / "data/x.parquet").read_bytes()
    for part in (b"", b"no Parquet", data[:-30], data[: len(data) // 2]):
        (tmp_path / "data/x.parquet").write_bytes(part)
        (line,) = load(of(tmp_path), tmp_path).left_out
        assert (line.image, line.kind, line.reason) == ("x.parquet", "error", "unreadable image")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 2**32))
def test_changed_bytes_are_refused_or_read(tmp_path, seed):
    """Nothing else is raised, whichever byte was changed."""
    path = tmp_path / "data/x.parquet"
    content = bytearray(saved(path, 3).read_bytes())
    rng = random.Random(seed)
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    path.write_bytes(content)
    file = FileInfo(address=str(path), size=len(content), version=str(seed), inside="image")
    with suppress(DataError):
        for row in range(len(parquet.rows(file))):
            parquet.cell(FileInfo(address=str(path), size=len(content), version=str(seed), inside=f"image[{row}]"))


def test_rows_that_unpack_to_more_than_memory_are_refused(tmp_path, monkeypatch):
    """Sizes are counted while they are unpacked, because a footer may lie."""
    monkeypatch.setattr("job.memory.fits", lambda needed: needed < 1 << 27)
    (tmp_path / "data").mkdir()
    table = pa.table({"image": pa.array([bytes(1 << 25)] * 64, pa.binary())})
    pq.write_table(table, tmp_path / "data/x.parquet", compression="zstd")
    (first, *_) = check_headers(of(tmp_path), discover(of(tmp_path))[0], InputCache(tmp_path / "c", 1), MAX_PX)
    assert first.reason == "too little memory"


def test_too_many_rows_are_refused(tmp_path, monkeypatch):
    """A row is a source in memory."""
    monkeypatch.setattr(parquet, "MOST_ROWS", 2)
    saved(tmp_path / "data/x.parquet", 3)
    (source,) = discover(of(tmp_path))
    assert source.image == "x.parquet"


def test_an_address_of_the_hub_needs_its_package(monkeypatch):
    """The message says how to install it."""
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(StoreRefusedError, match=r"hf://, pip install 'medsam-job.*'\[hf\]'"):
        storage.list_files("hf://datasets/someone/set/data", "*.parquet")
