"""What is written to a results folder, and what is kept if it exists."""

import json

import pyarrow.parquet as pq
import pytest

from job import SCHEMA_VERSION
from job.errors import DiskFullError, OutputError
from job.results.store import Results, read_footer
from tests.results.make import EMPTY, OTHER_ROW, ROW, write_part


def test_a_part_names_its_predictions_in_its_footer(results, folder):
    """The footer also has the number of rows, the schema's version and how the part was made."""
    assert write_part(results, "p1")
    (predictions,) = (folder / "predictions").iterdir()
    assert read_footer(pq.read_schema(folder / "iou/p1.parquet").metadata) == {
        "part": "p1",
        "predictions": predictions.name,
        "rows": 1,
        "model": "sam",
        "schema": SCHEMA_VERSION,
    }
    assert pq.read_table(folder / "iou/p1.parquet").equals(ROW)
    assert pq.read_table(predictions).equals(ROW)
    assert read_footer(None) == {}


def test_the_first_worker_commits_a_part(results, folder):
    """The second one's rows are dropped, and its predictions are not the part's."""
    assert results.write_part("p", ROW, ROW, {"model": "first"}, full=True)
    assert not results.write_part("p", OTHER_ROW, OTHER_ROW, {"model": "second"}, full=True)
    assert pq.read_table(folder / "iou/p.parquet").equals(ROW)
    assert len(results.names("predictions")) == 2
    (address,) = results.prediction_files(["p"])
    assert pq.read_table(address).equals(ROW)


def test_equal_predictions_are_one_file(results):
    """Its name is the part's and a hash of its content."""
    write_part(results, "p")
    write_part(results, "p")
    (name,) = results.names("predictions")
    assert name.startswith("p-")
    assert len(name) == len("p-") + 16


def test_a_chunk_that_is_stored_is_not_changed(results, folder):
    """A partial chunk is replaced, a full one is not."""
    results.write_chunk("c", ROW, EMPTY, full=True)
    results.write_chunk("c", OTHER_ROW, OTHER_ROW, full=True)
    assert pq.read_table(folder / "objects/c.parquet").equals(ROW)
    assert pq.read_table(folder / "excluded/c.parquet").num_rows == 0
    results.write_chunk("d", ROW, EMPTY, full=False)
    results.write_chunk("d", OTHER_ROW, EMPTY, full=False)
    assert pq.read_table(folder / "objects/d.partial.parquet").equals(OTHER_ROW)


def test_failures_are_recorded_by_chunk_and_cleared(results, folder):
    """The record is JSON with the chunk's name."""
    results.write_failure("c1", {"step": "read"})
    results.write_failure("c2", {"step": "sam"})
    assert set(results.failures()) == {"c1", "c2"}
    assert json.loads((folder / "failed/c1.failed.json").read_text()) == {"step": "read"}
    results.clear_failure("c1")
    assert set(results.failures()) == {"c2"}


def test_manifests_of_all_workers_are_gathered(results, folder):
    """In the order of their names, whoever ran last."""
    results.write_manifest("b", {"seconds": 2})
    results.write_manifest("a", {"seconds": 1})
    results.gather_manifests()
    assert json.loads((folder / "manifest.json").read_text()) == {"runs": [{"seconds": 1}, {"seconds": 2}]}


def test_the_latest_plan_is_the_one_begun_last(results):
    """Without any, the folder holds no results of a study."""
    with pytest.raises(OutputError, match="holds no results of a study"):
        results.latest_plan()
    results.note_plan("first")
    results.note_plan("second")
    assert results.latest_plan() == "second"


def test_a_writable_folder_passes_and_stays_empty(results, folder):
    """The file that is written to try it is deleted."""
    results.check_writable()
    assert list(folder.iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_output(results, monkeypatch):
    """Another machine may have space."""

    def full(address, data):
        raise DiskFullError("the disk is full")

    monkeypatch.setattr("job.storage.write", full)
    with pytest.raises(DiskFullError):
        results.check_writable()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """A file of that name is in the way."""
    (tmp_path / "results").write_text("x")
    with pytest.raises(OutputError, match=r"output .*results is not writable: "):
        Results(str(tmp_path / "results")).check_writable()
