"""Generated images: determined by their arguments, never empty, and a data set like any other."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from job.datasets import discover, load, raw_slices
from job.datasets.generated import LABELS, SIDE, generate
from job.plan import file as plan_file
from job.plan.chunks import chunks
from job.plan.file import Plan
from job.storage import InputCache
from job.study import loads
from job.study.dataset import Dataset
from tests.cases import medsam_job

SPEC = """\
study: generated
output: {output}
datasets:
  - name: Made
    modality: synthetic
    generated: {{patients: 2, slices: 2, seed: 7}}
    tasks: {{organ: 1, any object: any}}
models:
  - name: lite
    family: lite_medsam
prompts:
  - modes: [whole_box]
execution: {{device: cpu, chunk: 2}}
"""


@pytest.fixture
def made(tmp_path: Path) -> Dataset:
    return loads(SPEC.format(output=tmp_path)).study.datasets[0]


@pytest.fixture
def cache(tmp_path: Path) -> InputCache:
    return InputCache(tmp_path / "cache", 10**9)


def test_its_arguments_determine_an_image() -> None:
    """The same ones give the same pixels; any other one gives others."""
    image, labels = generate(7, 3, 1)
    again, labels_again = generate(7, 3, 1)
    np.testing.assert_array_equal(image, again)
    np.testing.assert_array_equal(labels, labels_again)
    for other in ((8, 3, 1), (7, 4, 1), (7, 3, 2)):
        assert not np.array_equal(generate(*other)[0], image)


@pytest.mark.parametrize("patient", range(40))
def test_every_image_has_a_visible_object(patient: int) -> None:
    """A label of those that are documented, of more than a few pixels, in an image that is no single grey."""
    image, labels = generate(0, patient, patient % 3)
    assert (image.shape, image.dtype, labels.shape, labels.dtype) == ((SIDE, SIDE), np.uint8, (SIDE, SIDE), np.uint8)
    assert set(np.unique(labels)) <= {0, *LABELS.values()}
    assert np.count_nonzero(labels) >= 12
    assert image.std() > 3


def test_every_label_occurs_in_a_dozen_patients() -> None:
    """So that a small study has each of them."""
    found = {int(label) for patient in range(12) for label in np.unique(generate(0, patient, 0)[1])}
    assert found >= set(LABELS.values())


def test_slices_of_a_patient_are_neighbouring_cuts() -> None:
    """They share most of their object pixels; two patients do not."""

    def overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
        one, other = (generate(0, *pair)[1] > 0 for pair in (a, b))
        return float((one & other).sum() / (one | other).sum())

    neighbours = np.mean([overlap((patient, 0), (patient, 1)) for patient in range(12)])
    strangers = np.mean([overlap((patient, 0), (patient + 1, 0)) for patient in range(12)])
    assert neighbours > 0.5 > 0.2 > strangers


def test_another_side_shows_the_same_at_another_size() -> None:
    """Structures keep their share of the image."""
    small, large = (np.mean(generate(0, 4, 0, side=side)[1] > 0) for side in (128, 256))
    assert small == pytest.approx(large, rel=0.25)


def test_sources_are_patients_and_slices(made: Dataset) -> None:
    """2D images, each patient a cluster."""
    sources = discover(made)
    assert [source.image for source in sources] == [
        "patient000/slice0",
        "patient000/slice1",
        "patient001/slice0",
        "patient001/slice1",
    ]
    assert [source.patient for source in sources] == ["patient000", "patient000", "patient001", "patient001"]
    assert raw_slices(made, sources[0]) == (0,)


def test_samples_hold_what_was_generated(made: Dataset, cache: InputCache) -> None:
    """Grey as RGB; the brightest value becomes 255, as everywhere."""
    source = discover(made)[1]
    (sample,) = (item for item in load(made, source, (0,), cache, 10**8) if hasattr(item, "image_HWC"))
    image, labels = generate(7, 0, 1)
    np.testing.assert_array_equal(sample.image_HWC[..., 0], image / image.max() * 255 // 1)
    (whole,) = (obj for obj in sample.objects if obj.task == "any object")
    np.testing.assert_array_equal(whole.truth_HW, labels > 0)


def test_content_is_the_generators_version_and_arguments(made: Dataset, cache: InputCache) -> None:
    """One key for image and masks; more patients leave the others' keys as they are."""
    (unit, *_) = (unit for chunk in chunks(made, discover(made), 8, cache, None, 10**8) for unit in chunk.units)
    assert set(unit.content) == {f"generated-1-7-0-0-{SIDE}"}


def test_a_plan_with_generated_images_reads_back(made: Dataset, cache: InputCache, tmp_path: Path) -> None:
    """What is stored tells files and generated images apart."""
    planned = chunks(made, discover(made), 8, cache, None, 10**8)
    plan = Plan(spec="s", precision="fp32", batch=1, limit=None, weights={}, chunks=tuple(planned), parts=())
    plan_file.write(str(tmp_path), plan)
    assert plan_file.read(str(tmp_path), "s") == plan


def test_a_study_runs_without_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Validated, planned and run from its spec alone; a second run finds nothing to do."""
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(output=tmp_path / "results"))
    for command in (("validate",), ("plan",), (), ()):
        assert medsam_job(monkeypatch, *command, spec) == 0
    rows = pq.read_table(tmp_path / "results" / "iou").to_pylist()
    assert {row["image"] for row in rows if row["task"] == "any object"} == {
        f"patient{patient:03}/slice{index}" for patient in range(2) for index in range(2)
    }
    assert all(row["status"] == "ok" and row["iou"] > 0 for row in rows)


def test_a_label_that_never_occurs_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for files."""
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(output=tmp_path / "results").replace("organ: 1", "organ: 9"))
    assert medsam_job(monkeypatch, "validate", spec) == 2
