"""What a chunk stores: objects, scores and predictions that can be computed again, and how each part was made."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pycocotools import mask as coco

from job.results.tables import EXCLUDED, IOU, OBJECTS, PREDICTIONS
from tests.cases import SPEC, medsam_job, use_fake_models, write_study
from tests.models.fake import FakeModel

TWO_BLOCKS = SPEC.replace("modes: [whole_box, each_box]", "modes: [whole_box]\n  - modes: [each_box]")


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that ran: one chunk of three images with two objects each."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, write_study(folder), "--only", "predict") == 0
    return folder


def rows(folder, table):
    """Read a table as a user would: every file of its folder."""
    return pq.read_table(folder / "results" / table).to_pylist()


@pytest.mark.parametrize(
    ("table", "schema"), [("objects", OBJECTS), ("iou", IOU), ("predictions", PREDICTIONS), ("excluded", EXCLUDED)]
)
def test_the_tables_have_their_columns(finished, table, schema):
    """Names and types are those of the documentation."""
    (file,) = (finished / "results" / table).iterdir()
    assert pq.read_schema(file).remove_metadata() == schema


def test_every_object_has_a_row_for_every_mode(finished):
    """Three images, two tasks, two modes, one mask."""
    scores = rows(finished, "iou")
    assert len(rows(finished, "objects")) == 6
    assert len({(row["image"], row["task"], row["prompt"]) for row in scores}) == len(scores) == 12
    assert {row["mask_choice"] for row in scores} == {"single"}


def test_a_row_can_be_scored_again_from_the_stored_masks(finished):
    """Here by pycocotools alone: counts, IoU and Dice."""
    truths = {(row["image"], row["task"]): row for row in rows(finished, "objects")}
    predictions = {(row["image"], row["task"], row["prompt"]): row for row in rows(finished, "predictions")}
    for row in rows(finished, "iou"):
        truth = truths[row["image"], row["task"]]
        size = [truth["height"], truth["width"]]
        prediction = predictions[row["image"], row["task"], row["prompt"]]
        a, b = ({"size": size, "counts": text.encode()} for text in (truth["truth"], prediction["mask"]))
        assert row["iou"] == pytest.approx(float(coco.iou([b], [a], [False])[0, 0]), abs=1e-12)
        assert row["intersection_px"] == int(coco.area(coco.merge([a, b], intersect=True)))
        assert row["union_px"] == int(coco.area(coco.merge([a, b])))
        assert row["dice"] == pytest.approx(2 * row["intersection_px"] / (int(coco.area(a)) + int(coco.area(b))))


def test_the_stored_truth_is_the_mask_that_was_read(finished):
    """It is equal to the pixel."""
    for row in rows(finished, "objects"):
        labels = np.asarray(Image.open(finished / "data/masks" / row["image"]))
        size = [row["height"], row["width"]]
        truth = coco.decode({"size": size, "counts": row["truth"].encode()})
        assert (truth == (labels == {"disc": 1, "ring": 2}[row["task"]])).all()
        assert row["object_px"] == truth.sum()


def test_the_footer_of_a_part_says_how_it_was_made(finished):
    """It names model, weights, seed, device and versions, and the file of the predictions."""
    (file,) = (finished / "results/iou").iterdir()
    footer = json.loads(pq.read_schema(file).metadata[b"medsam_job"])
    assert (footer["part"], footer["model"], footer["seed"], footer["rows"]) == (file.stem, "lite", 3, 12)
    assert len(footer["weights"]) == 64
    assert {"device", "torch", "precision", "batch", "seconds"} <= set(footer)
    assert (finished / "results/predictions" / footer["predictions"]).exists()


def test_the_manifest_counts_what_was_done(finished):
    """Each stage of the run has its seconds; other threads read meanwhile."""
    (file,) = (finished / "results/manifests").iterdir()
    manifest = json.loads(file.read_text())
    assert manifest["counts"] == {"chunks": 1, "parts": 1, "parts_before": 0, "images": 3, "objects": 6, "rows": 12}
    assert set(manifest["seconds"]) == {
        "plan", "load models", "wait for images", "encode", "evaluate", "predict", "wait for the device",
        "wait for prompts", "wait for storage",
    }  # fmt: skip
    assert set(manifest["thread_seconds"]) == {"read", "decode", "prompt", "score", "write"}


class Counting(FakeModel):
    """Counts its calls of encode and predict; `failures` are the calls of predict, from 1, that fail."""

    failures = ()
    calls = None

    def encode(self, images):
        self.calls.append(f"encode {len(images)}")
        return super().encode(images)

    def predict(self, requests):
        self.calls.append(f"predict {len(requests)}")
        if sum(call.startswith("predict") for call in self.calls) in self.failures:
            raise RuntimeError("a kernel of the model failed")
        return super().predict(requests)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run a study of one chunk and two blocks; return the calls of the model and the counts of the manifest."""

    def run(*failures):
        class Model(Counting):
            calls = []

        Model.failures = failures
        use_fake_models(monkeypatch, Model)
        assert medsam_job(monkeypatch, write_study(tmp_path, text=TWO_BLOCKS), "--only", "predict") == 0
        (file,) = (tmp_path / "results/manifests").iterdir()
        return Model.calls, json.loads(file.read_text())["counts"]

    return run


def test_images_are_encoded_once_for_all_blocks(run):
    """Each block then predicts six objects."""
    calls, counts = run()
    assert calls == ["encode 3", "predict 6", "predict 6"]
    assert (counts["parts"], counts["rows"]) == (2, 12)


def test_a_part_that_is_stored_is_not_evaluated_again_when_its_model_is_tried_again(run, tmp_path):
    """The second block fails once; the second attempt encodes the images again, and evaluates that block alone."""
    calls, counts = run(2)
    assert calls == ["encode 3", "predict 6", "predict 6", "encode 3", "predict 6"]
    assert counts["rows"] == len(rows(tmp_path, "iou")) == 12


def test_a_first_block_that_fails_once_is_followed_by_the_second(run):
    """Nothing was stored before the failure, so both are evaluated."""
    calls, counts = run(1)
    assert calls == ["encode 3", "predict 6", "encode 3", "predict 6", "predict 6"]
    assert counts["rows"] == 12
