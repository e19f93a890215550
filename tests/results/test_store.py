"""What is written to a results folder, and what is kept if it exists."""

import json

import fsspec
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from job import SCHEMA_VERSION
from job.errors import DiskFullError, OutputError
from job.results import summary
from job.results.probe import check_writable
from job.results.store import read_footer
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
    (address,) = results.prediction_files(["p"]).values()
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
    summary.gather_manifests(results.output, "p")
    expected = {"runs": [{"seconds": 1}, {"seconds": 2}]}
    assert json.loads((folder / "plan/p/manifest.json").read_text()) == expected


def test_a_damaged_manifest_is_named_among_the_others(results, folder):
    """It keeps no summary from being made."""
    results.write_manifest("a", {"seconds": 1})
    (folder / "manifests/b.json").write_text('{"seconds": ')
    summary.follow(results.output, "p")
    summary.gather_manifests(results.output, "p")
    runs = json.loads((folder / "manifest.json").read_text())["runs"]
    assert runs == [{"seconds": 1}, {"unreadable": str(folder / "manifests/b.json")}]


def test_an_output_follows_one_plan_at_a_time(results, folder):
    """Its summary lies at the top; that of any other plan in a place of its own."""
    assert summary.current_plan(results.output) is None
    summary.follow(results.output, "first")
    summary.follow(results.output, "second")
    assert summary.current_plan(results.output) == "second"
    assert summary.place(results.output, "second") == str(folder)
    assert summary.place(results.output, "first") == str(folder / "plan/first")


def test_a_summary_names_its_plan(results, folder):
    """It counts for that plan alone, once it was made from all parts."""
    summary.follow(results.output, "p")
    for complete in (False, True):
        summary.write(results.output, "p", {"a.csv": b"x"}, complete=complete, settings={})
        assert summary.is_complete(results.output, "p") is complete
    assert (folder / "summary/a.csv").read_bytes() == b"x"
    summary.follow(results.output, "q")
    assert not summary.is_complete(results.output, "q")


@pytest.mark.parametrize("content", ["", "{", "[]", '{"plan": 1}'])
def test_a_damaged_note_of_the_plan_is_refused(results, folder, content):
    """With its name and the way out."""
    summary.follow(results.output, "p")
    (folder / "current.json").write_text(content)
    with pytest.raises(OutputError, match=r"current.json: damaged; delete it and run the study again"):
        summary.current_plan(results.output)


@pytest.mark.parametrize("name", ["results", "a [v2]*", "sub:a:01", "é"])
def test_a_writable_folder_passes_and_stays_empty(tmp_path, name):
    """Whatever its name; the files that are written to try it are deleted."""
    check_writable(str(tmp_path / name))
    assert list((tmp_path / name).iterdir()) == []


class Overwriting(MemoryFileSystem):
    """A store that overwrites files although it is asked to create them."""

    protocol = "overwriting"
    store = {}
    pseudo_dirs = [""]

    def pipe_file(self, path, value, mode="overwrite", **options):
        super().pipe_file(path, value, mode="overwrite", **options)


class Hiding(Overwriting):
    """A store whose listings are empty."""

    protocol = "hiding"

    def pipe_file(self, path, value, mode="overwrite", **options):
        MemoryFileSystem.pipe_file(self, path, value, mode=mode, **options)

    def ls(self, path, detail=True, **options):
        return []


@pytest.mark.parametrize(
    ("store", "reason"),
    [
        (
            Overwriting,
            "the store has no create-only writes .*: a file that exists is overwritten; choose another location",
        ),
        (Hiding, "files that were just written are not in the list of its files; choose another location"),
    ],
)
def test_a_store_that_cannot_do_what_results_need_is_refused(store, reason):
    """Before any work: parts would be lost, or computed again by each run."""
    fsspec.register_implementation(store.protocol, store, clobber=True)
    with pytest.raises(OutputError, match=f"output {store.protocol}://a: {reason}"):
        check_writable(f"{store.protocol}://a")
    assert store.store == {}


def test_a_full_disk_is_no_fault_of_the_output(results, monkeypatch):
    """Another machine may have space."""

    def full(address, data):
        raise DiskFullError("the disk is full")

    monkeypatch.setattr("job.storage.write", full)
    with pytest.raises(DiskFullError):
        check_writable(results.output)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    """A file of that name is in the way."""
    (tmp_path / "results").write_text("x")
    with pytest.raises(OutputError, match=r"output .*results is not writable: "):
        check_writable(str(tmp_path / "results"))
