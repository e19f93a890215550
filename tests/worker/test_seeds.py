"""Several seeds: the whole study is evaluated once with each; only random choices among equals differ."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.cases import medsam_job, use_fake_models
from tests.models.fake import FakeModel

SPEC = """\
study: seeds
datasets:
  - name: Bars
    modality: synthetic
    images: "{folder}/images/*.png"
    masks: "{folder}/masks/{{name}}"
    tasks: {{bar: 1}}
    intensity: {{scale: minmax}}
models:
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{folder}/sam.pth"}}
prompts:
  - modes: [largest_point, largest_box]
  - clicks: {{protocol: mazurowski2023, max: 3}}
  - clicks: {{protocol: ritm, max: 2}}
execution: {{device: cpu}}
"""
IMAGES = 4
ROWS_OF_BLOCKS = (2, 3, 2)  # for each object: two modes, three clicks, two clicks


class Counting(FakeModel):
    """Counts the images that all models of a test have encoded."""

    images = 0

    def encode(self, images):
        type(self).images += len(images)
        return super().encode(images)


class Study:
    """A study of bars of 4 x 20 px. 2 x 18 of their pixels are equally deep, so that a first point is drawn from 36."""

    def __init__(self, folder, monkeypatch):
        self.folder, self._monkeypatch = folder, monkeypatch
        (folder / "sam.pth").write_bytes(b"no fake model reads this")
        for kind in ("images", "masks"):
            (folder / kind).mkdir()
        for number in range(IMAGES):
            mask_HW = np.zeros((40, 40), np.uint8)
            mask_HW[10 + number : 14 + number, 8:28] = 1
            Image.fromarray(mask_HW).save(folder / f"masks/{number}.png")
            Image.fromarray(200 * mask_HW).save(folder / f"images/{number}.png")

    def run(self, seeds, output="results", code=0):
        """Run the study with these seeds, such as `seed: 1`; return how many images were encoded."""
        spec = self.folder / "study.yaml"
        spec.write_text(SPEC.format(folder=self.folder) + seeds + "\n")

        class Model(Counting):
            pass

        use_fake_models(self._monkeypatch, Model)
        assert medsam_job(self._monkeypatch, spec, "--output", self.folder / output) == code
        return Model.images

    def rows(self, table, output="results"):
        return pq.read_table(self.folder / output / table).to_pylist()

    def files(self, table, output="results"):
        return {path.name: path for path in (self.folder / output / table).iterdir()}


@pytest.fixture
def study(tmp_path, monkeypatch):
    return Study(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def two_seeds(tmp_path_factory):
    """The study, run with the seeds 1 and 2, and the number of images that were encoded."""
    with pytest.MonkeyPatch.context() as patch:
        study = Study(tmp_path_factory.mktemp("two_seeds"), patch)
        yield study, study.run("seeds: [1, 2]")


def of_seed(rows, seed):
    """Return the rows of a seed by the rest of their key."""
    key = ("image", "task", "prompt", "protocol", "mask_choice", "step")
    return {tuple(row[name] for name in key): row for row in rows if row["seed"] == seed}


def test_every_episode_has_a_row_for_each_seed(two_seeds):
    """The keys of the rows differ in nothing but the seed."""
    study, _ = two_seeds
    for table in ("iou", "predictions"):
        rows = study.rows(table)
        first, second = of_seed(rows, 1), of_seed(rows, 2)
        assert first.keys() == second.keys()
        assert len(first) == IMAGES * sum(ROWS_OF_BLOCKS)
        assert len(rows) == 2 * len(first)


def test_boxes_are_the_same_for_every_seed(two_seeds):
    """Nothing about a box is drawn, so the masks are the same too."""
    study, _ = two_seeds
    predictions = study.rows("predictions")
    boxes = [
        {key: (row["boxes"], row["mask"]) for key, row in of_seed(predictions, seed).items() if "largest_box" in key}
        for seed in (1, 2)
    ]
    assert boxes[0] == boxes[1]
    assert len(boxes[0]) == IMAGES
    assert boxes[0]["0.png", "bar", "largest_box", "one-shot", "score", 1][0] == [
        {"x0": 8, "y0": 10, "x1": 27, "y1": 13}
    ]


def first_points(study, seed, prompt, protocol):
    """Return x and y of the first point of each image."""
    rows = of_seed(study.rows("iou"), seed)
    return {
        key[0]: (row["point_x"], row["point_y"])
        for key, row in rows.items()
        if key[2:] == (prompt, protocol, "score", 1)
    }


@pytest.mark.parametrize(("prompt", "protocol"), [("largest_point", "one-shot"), ("clicks", "mazurowski2023")])
def test_a_choice_among_equals_differs_between_seeds(two_seeds, prompt, protocol):
    """Each seed draws from the pixels that are 2 px deep in the bar; in four images the draws differ somewhere."""
    study, _ = two_seeds
    points = [first_points(study, seed, prompt, protocol) for seed in (1, 2)]
    for number in range(IMAGES):
        for points_of_seed in points:
            x, y = points_of_seed[f"{number}.png"]
            assert 9 <= x <= 26
            assert y in (11 + number, 12 + number)
    assert points[0] != points[1]


def test_the_protocol_ritm_draws_nothing(two_seeds):
    """It clicks the first of equally deep pixels, as its code does, so that its rows are the same for every seed."""
    study, _ = two_seeds
    assert first_points(study, 1, "clicks", "ritm") == {f"{number}.png": (9, 11 + number) for number in range(IMAGES)}
    rows = [
        {key: row for key, row in of_seed(study.rows("predictions"), seed).items() if "ritm" in key} for seed in (1, 2)
    ]
    assert len(rows[0]) == IMAGES * 2
    assert [row | {"seed": 2} for row in rows[0].values()] == list(rows[1].values())


def test_objects_are_stored_once_for_all_seeds(two_seeds):
    """An object does not depend on a seed."""
    study, _ = two_seeds
    assert [row["image"] for row in study.rows("objects")] == [f"{number}.png" for number in range(IMAGES)]
    assert len(study.files("objects")) == len(study.files("excluded")) == 1


def test_images_are_encoded_once_for_all_seeds(two_seeds):
    """The encoding does not depend on a seed."""
    _, encoded = two_seeds
    assert encoded == IMAGES


def test_each_seed_has_parts_of_its_own(two_seeds):
    """The footer names the seed; each block is a part."""
    study, _ = two_seeds
    footers = [json.loads(pq.read_schema(path).metadata[b"medsam_job"]) for path in study.files("iou").values()]
    assert sorted((footer["seed"], footer["rows"]) for footer in footers) == [
        (seed, IMAGES * rows) for seed in (1, 2) for rows in sorted(ROWS_OF_BLOCKS)
    ]


def test_rows_of_several_seeds_are_sound(two_seeds, monkeypatch):
    """`verify` finds no repeated score."""
    study, _ = two_seeds
    assert medsam_job(monkeypatch, "verify", study.folder / "results") == 0


def test_a_second_run_has_nothing_to_do(two_seeds, capfd):
    """The order of the seeds in the spec does not matter."""
    study, _ = two_seeds
    before = {path: path.stat().st_mtime_ns for path in study.files("iou").values()}
    for seeds in ("seeds: [1, 2]", "seeds: [2, 1]"):
        capfd.readouterr()
        assert study.run(seeds) == 0
        assert "nothing to do" in capfd.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in study.files("iou").values()} == before


def test_an_added_seed_runs_alone(study, capfd):
    """Rows of the first seed stay as they are."""
    study.run("seed: 1")
    before = {path: path.stat().st_mtime_ns for path in study.files("iou").values()}
    capfd.readouterr()
    assert study.run("seeds: [1, 2]") == IMAGES
    counts = [json.loads(line) for line in capfd.readouterr().err.splitlines() if '"predicted"' in line]
    assert [(line["parts_before"], line["parts"]) for line in counts] == [(3, 3)]
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    assert len(study.files("iou")) == 6
    assert {row["seed"] for row in study.rows("iou")} == {1, 2}


def test_rows_of_a_seed_are_the_same_alone_and_among_others(two_seeds, study):
    """The files of predictions are equal byte for byte; those of scores but for the footer, which has the seconds."""
    both, _ = two_seeds
    study.run("seed: 1")
    alone = study.files("predictions")
    assert len(alone) == 3
    for name, path in alone.items():
        assert path.read_bytes() == both.files("predictions")[name].read_bytes()
    for name, path in study.files("iou").items():
        assert pq.read_table(path).equals(pq.read_table(both.files("iou")[name]))
    assert of_seed(study.rows("iou"), 1) == of_seed(both.rows("iou"), 1)
