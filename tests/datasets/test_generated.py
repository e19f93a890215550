"""Generated images: determined by their arguments, never without an object, and a data set like any other."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from job.datasets.check import raw_slices
from job.datasets.discover import discover
from job.datasets.generated import SIDE
from job.datasets.generated.anatomy import LABELS
from job.datasets.generated.generate import generate
from job.datasets.load import load
from job.plan import file as plan_file
from job.plan.chunks import chunks
from job.plan.file import Plan, PlannedModel
from job.storage import InputCache
from job.study import loads
from job.study.dataset import Dataset
from tests.cases import medsam_job

SPEC = """\
study: generated
output: {output}
datasets:
  - name: Generated
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
def generated(tmp_path: Path) -> Dataset:
    return loads(SPEC.format(output=tmp_path)).study.datasets[0]


@pytest.fixture
def cache(tmp_path: Path) -> InputCache:
    return InputCache(tmp_path / "cache", 10**9)


def test_arguments_determine_an_image() -> None:
    """Equal arguments give equal pixels; another seed, patient or slice gives other pixels."""
    image, labels = generate(7, 3, 1)
    repeated_image, repeated_labels = generate(7, 3, 1)
    np.testing.assert_array_equal(image, repeated_image)
    np.testing.assert_array_equal(labels, repeated_labels)
    for other in ((8, 3, 1), (7, 4, 1), (7, 3, 2)):
        assert not np.array_equal(generate(*other)[0], image)


@pytest.mark.parametrize("patient", range(40))
def test_every_image_has_a_visible_object(patient: int) -> None:
    """Only documented labels occur, with more than a few pixels, and the image is not a single grey."""
    image, labels = generate(0, patient, patient % 3)
    assert (image.shape, image.dtype, labels.shape, labels.dtype) == ((SIDE, SIDE), np.uint8, (SIDE, SIDE), np.uint8)
    assert set(np.unique(labels)) <= {0, *LABELS.values()}
    assert np.count_nonzero(labels) >= 12
    assert image.std() > 3


def test_every_label_occurs_in_a_dozen_patients() -> None:
    """A small study has an object for each task."""
    occurring = {int(label) for patient in range(12) for label in np.unique(generate(0, patient, 0)[1])}
    assert occurring >= set(LABELS.values())


def test_slices_of_a_patient_are_neighbouring_cuts() -> None:
    """Neighbouring slices share most of their object pixels; two patients do not."""

    def overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
        objects_a, objects_b = (generate(0, patient, index)[1] > 0 for patient, index in (a, b))
        return float((objects_a & objects_b).sum() / (objects_a | objects_b).sum())

    neighbours = np.mean([overlap((patient, 0), (patient, 1)) for patient in range(12)])
    strangers = np.mean([overlap((patient, 0), (patient + 1, 0)) for patient in range(12)])
    assert neighbours > 0.5 > 0.2 > strangers


def test_structures_scale_with_the_side() -> None:
    """They keep their share of the image."""
    small, large = (np.mean(generate(0, 4, 0, side=side)[1] > 0) for side in (128, 256))
    assert small == pytest.approx(large, rel=0.25)


def test_sources_are_patients_and_slices(generated: Dataset) -> None:
    """Each slice is a 2D image, and each patient a cluster."""
    sources = discover(generated)
    assert [source.image for source in sources] == [
        "patient000/slice0",
        "patient000/slice1",
        "patient001/slice0",
        "patient001/slice1",
    ]
    assert [source.patient for source in sources] == ["patient000", "patient000", "patient001", "patient001"]
    assert raw_slices(generated, sources[0]) == (0,)


def test_samples_hold_what_was_generated(generated: Dataset, cache: InputCache) -> None:
    """The image is grey as RGB, with the brightest value at 255; the objects come from the label map."""
    source = discover(generated)[1]
    (sample,) = load(generated, source, (0,), cache, 10**8).samples
    image, labels = generate(7, 0, 1)
    np.testing.assert_array_equal(sample.image_HWC[..., 0], np.floor(image / image.max() * 255))
    assert sample.spacing is None
    truths = {obj.task: obj.truth_HW for obj in sample.objects}
    np.testing.assert_array_equal(truths["any object"], labels > 0)


def test_the_content_key_is_the_generators_version_and_arguments(generated: Dataset, cache: InputCache) -> None:
    """Image and masks have the same key, which does not depend on the number of patients."""
    (unit, *_) = (
        unit for chunk in chunks(generated, discover(generated), 8, cache, None, 10**8) for unit in chunk.units
    )
    assert set(unit.content) == {f"generated-1-7-0-0-{SIDE}"}


def test_a_plan_with_generated_images_reads_back(generated: Dataset, cache: InputCache, tmp_path: Path) -> None:
    """A stored plan distinguishes files from generated images."""
    planned = chunks(generated, discover(generated), 8, cache, None, 10**8)
    models = {"lite": PlannedModel(sha256="0" * 64, purpose=None)}
    plan = Plan(spec="s", precision="fp32", batch=1, limit=None, models=models, chunks=tuple(planned), parts=())
    plan_file.write(str(tmp_path), plan)
    assert plan_file.read(str(tmp_path), "s") == plan


def test_a_study_runs_without_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is validated, planned and run from its spec alone; a second run finds nothing to do."""
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
    """There is no label 9."""
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(output=tmp_path / "results").replace("organ: 1", "organ: 9"))
    assert medsam_job(monkeypatch, "validate", spec) == 2
