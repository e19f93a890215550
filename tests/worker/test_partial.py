"""If storage fails for a while, what it provided is evaluated, and a later run completes it."""

import json

import fsspec
import pyarrow.parquet as pq
import pytest

from job import storage
from job.plan.settle import settle
from job.storage import InputCache
from job.study import load
from tests.cases import SPEC, medsam_job, write_study

ALONE = ("--shard", "0/1")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The spec of a planned study of two remote images, one of which is out of reach, and a function to restore it."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    write_study(tmp_path, cases=2)
    remote = f"memory://{tmp_path.name}"
    for path in (tmp_path / "data").rglob("*.png"):
        storage.write(f"{remote}/{path.parent.name}/{path.name}", path.read_bytes())
    spec = tmp_path / "remote.yaml"
    spec.write_text(SPEC.format(data=remote, output=tmp_path / "results"))
    settle(load(spec), str(tmp_path / "results"), InputCache(tmp_path / "none", 10**9), None, shared=True)
    files = fsspec.filesystem("memory").store
    address = f"/{tmp_path.name}/images/case1.png"
    lost = files.pop(address)  # a file that is deleted and written again would have another version
    return spec, lambda: files.update({address: lost})


def images(folder, name):
    return {row["image"] for row in pq.read_table(folder / "results/iou" / name).to_pylist()}


def test_what_storage_gave_is_evaluated_and_the_rest_is_in_the_ledger(study, tmp_path, monkeypatch):
    """The part is marked as partial, and the exit code of the statistics says so."""
    spec, _ = study
    assert medsam_job(monkeypatch, spec, *ALONE) == 0
    (part,) = (tmp_path / "results/iou").iterdir()
    assert part.name.endswith(".partial.parquet")
    assert images(tmp_path, part.name) == {"case0.png"}
    (line,) = pq.read_table(tmp_path / "results/excluded").to_pylist()
    assert (line["image"], line["kind"], line["reason"]) == ("case1.png", "error", "storage")
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 3


def test_a_partial_part_of_a_second_model_is_reported_beside_a_full_ledger(study, tmp_path, monkeypatch, capfd):
    """The full ledger is that of the first model's run, in which storage did not fail."""
    spec, restore = study
    restore()
    assert medsam_job(monkeypatch, spec) == 0
    more = tmp_path / "more.yaml"
    text = spec.read_text()
    model = text[text.index("  - name: lite\n") : text.index("prompts:")]
    more.write_text(text.replace(model, model + "  - {name: other, family: lite_medsam_clicks}\n"))
    settle(load(more), str(tmp_path / "results"), InputCache(tmp_path / "none", 10**9), None, shared=True)
    files = fsspec.filesystem("memory").store
    files.pop(f"/{tmp_path.name}/images/case1.png")
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "empty"))
    assert medsam_job(monkeypatch, more, *ALONE) == 0
    assert medsam_job(monkeypatch, more, "--only", "statistics") == 3
    capfd.readouterr()
    assert medsam_job(monkeypatch, "verify", tmp_path / "results") == 3
    lines = capfd.readouterr().out.splitlines()
    assert sum("cut short, for storage failed" in line for line in lines) == 1
    assert sum("1 lines are errors, such as case1.png: storage: " in line for line in lines) == 1


def test_a_later_run_completes_it(study, tmp_path, monkeypatch, capfd):
    """The full part replaces the partial one, in the status and in the statistics."""
    spec, restore = study
    medsam_job(monkeypatch, spec, *ALONE)
    restore()
    assert medsam_job(monkeypatch, spec, *ALONE) == 0
    full = [path for path in (tmp_path / "results/iou").iterdir() if ".partial" not in path.name]
    assert images(tmp_path, full[0].name) == {"case0.png", "case1.png"}
    capfd.readouterr()
    assert medsam_job(monkeypatch, "status", tmp_path / "results", "--format", "json") == 0
    counts = {"planned": 1, "done": 1, "partial": 0, "failed": 0}
    assert json.loads(capfd.readouterr().out) == {"model": "lite"} | counts
    assert medsam_job(monkeypatch, spec, "--only", "statistics") == 0
    assert medsam_job(monkeypatch, "verify", tmp_path / "results") == 0
