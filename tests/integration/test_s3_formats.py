"""Files that are read in parts, or are folders, on a real S3 server."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job import storage
from job.datasets.check import check_headers
from job.datasets.discover import discover
from job.storage import InputCache
from tests.datasets.formats.test_parquet import CELL, png, saved
from tests.datasets.formats.test_zarr import STACK, ome
from tests.datasets.make import MAX_PX, dataset, grey, load


@pytest.fixture(autouse=True)
def own_cache(s3, tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "own cache"))


def uploaded(folder, address):
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            storage.write(f"{address}/{path.relative_to(folder)}", path.read_bytes())


def samples(folder, **keys):
    data = dataset(folder, **keys)
    cache = InputCache(folder / "cache", 1 << 30)
    assert [line for source in discover(data) for line in check_headers(data, source, cache, MAX_PX)] == []
    loaded = load(data, folder)
    assert [line for line in loaded.left_out if line.kind == "error"] == []
    return [(s.image, s.slice, s.image_HWC.tobytes(), s.objects[0].truth_HW.tobytes()) for s in loaded.samples]


def test_parquet_and_zarr_are_read_as_on_a_disk(s3, tmp_path):
    """The same samples under the same names."""
    saved(tmp_path / "set/data/x.parquet")
    ome(tmp_path / "set/c1.zarr")
    ome(tmp_path / "set/c1.zarr/labels/organ", values=(STACK == 1).astype("u1"))
    uploaded(tmp_path / "set", f"{s3}/set")
    for images, masks in (("data/*.parquet#image", "{image}#mask"), ("{case}.zarr", "{image}#labels/organ")):
        found = [
            samples(tmp_path, images=f"{root}/{images}", masks=masks, tasks={"organ": 1})
            for root in (tmp_path / "set", f"{s3}/set")
        ]
        assert found[0]
        assert found[0] == found[1]


def test_of_a_large_parquet_file_a_part_is_read(s3, tmp_path):
    """One image of eight: nothing is copied to the cache."""
    cells = [{"bytes": bytes([row]) * (1 << 22), "path": str(row)} for row in range(8)]
    cells[5]["bytes"] = png(grey())
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"image": pa.array(cells, CELL)}), path, row_group_size=1, compression="none")
    storage.write(f"{s3}/x.parquet", path.read_bytes())
    assert len(samples(tmp_path, images=f"{s3}/x.parquet#image", masks="{image}#image", only="5")) == 1
    assert not list((tmp_path / "cache").glob("*"))
