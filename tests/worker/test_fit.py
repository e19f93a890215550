"""What does not fit into memory is divided in time, or left out and named; what fits runs as ever."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from job import memory
from job.evaluate import demand
from job.models.protocol import Need
from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study
from tests.models.fake import FakeModel

MIB = 1 << 20
SMALL, LARGE = "case0.png", "large.png"


class Needing(FakeModel):
    """Needs a MiB for each request, and 100 MiB on an image of more than 48 rows."""

    def needs(self, height, width):
        base = 100 * MIB if height > 48 else 0
        return Need(encode=0, image=0, episode=0, predict=lambda requests: base + requests * MIB)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a study of three small images and a large one in so much memory; return code, batches and parts."""
    draw_case(tmp_path / "data", LARGE, seed=9, side=60)
    spec = write_study(tmp_path, text=SPEC)

    def run(available):
        batches = []

        class Model(Needing):
            def predict(self, requests):
                batches.append(len(requests))
                return super().predict(requests)

        use_fake_models(monkeypatch, Model)
        monkeypatch.setattr(memory, "available", lambda: available)
        code = medsam_job(monkeypatch, spec)
        (path,) = (tmp_path / "results/iou").glob("*.parquet")
        return code, batches, path

    return run


def rows(path):
    keys = ("image", "task", "prompt", "iou", "dice", "mask_index")
    return sorted(tuple(str(row[key]) for key in keys) for row in pq.read_table(path).to_pylist())


def footer(path):
    return json.loads(pq.read_schema(path).metadata[b"medsam_job"])


def test_with_enough_memory_the_batch_is_that_of_the_plan(run):
    """Sixteen requests in one batch, half of which are equal to others, as without any reckoning."""
    code, batches, path = run(1000 * MIB)
    assert (code, batches) == (0, [8])
    assert (footer(path)["batch"], footer(path)["images_at_once"]) == (32, 4)


def test_with_less_memory_the_batch_is_smaller_and_nothing_is_left_out(run):
    """110 MiB hold the large image and eight requests, the next power of two below ten."""
    code, batches, path = run(110 * MIB)
    assert (code, batches) == (0, [4, 4])
    assert footer(path)["batch"] == 8
    assert path.name.removesuffix(".parquet").isalnum()


def test_an_image_that_cannot_fit_is_an_error_with_the_figures(run, tmp_path, capfd):
    """The others are done; the part stays open for a larger machine, which completes it."""
    code, _, path = run(50 * MIB)
    assert code == 3
    assert path.name.endswith(".partial.parquet")
    assert {row["image"] for row in pq.read_table(path).to_pylist()} == {SMALL, "case1.png", "case2.png"}
    (ledger,) = (tmp_path / "results/excluded").glob("*.parquet")
    (line,) = pq.read_table(ledger).to_pylist()
    assert (line["image"], line["kind"], line["reason"]) == (LARGE, "error", "too little memory")
    assert line["detail"].startswith("model lite needs about 0.1 GiB, 0.0 GiB are available; give the process more")


def test_images_that_do_not_fit_together_are_read_one_after_the_other(run, tmp_path, monkeypatch):
    """Half of 100 kB holds the three small ones; the rows are the same, in one part."""
    *_, whole = run(1000 * MIB)
    expected = rows(whole)
    for folder in ("iou", "predictions", "objects", "excluded"):
        for path in (tmp_path / "results" / folder).iterdir():
            path.unlink()
    monkeypatch.setattr(Needing, "needs", FakeModel.needs)
    monkeypatch.setattr(demand, "CHOICE_BYTES", 0)
    _, batches, path = run(100_000)
    assert len(batches) == 2
    assert rows(path) == expected
    (objects,) = (tmp_path / "results/objects").glob("*.parquet")
    assert pq.read_table(objects).num_rows == 8


class Exhausted(FakeModel):
    """Runs out of memory on an image of more than 48 rows, whatever was reckoned."""

    def predict(self, requests):
        if any(request.image.height > 48 for request in requests):
            raise MemoryError
        return super().predict(requests)


def test_an_image_on_which_memory_runs_out_is_an_error_and_the_others_are_done(tmp_path, monkeypatch):
    """A reckoning may be wrong: then the part goes on in smaller portions, down to one image."""
    draw_case(tmp_path / "data", LARGE, seed=9, side=60)
    use_fake_models(monkeypatch, Exhausted)
    assert medsam_job(monkeypatch, write_study(tmp_path)) == 3
    (path,) = (tmp_path / "results/iou").glob("*.partial.parquet")
    assert {row["image"] for row in pq.read_table(path).to_pylist()} == {SMALL, "case1.png", "case2.png"}
    (ledger,) = (tmp_path / "results/excluded").glob("*.partial.parquet")
    (line,) = pq.read_table(ledger).to_pylist()
    assert (line["image"], line["reason"]) == (LARGE, "too little memory")
    assert not (tmp_path / "results/failed").exists()
    assert np.isfinite(footer(path)["seconds"])
