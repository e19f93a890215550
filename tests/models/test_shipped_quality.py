"""The shipped weights reach their mean IoU on generated objects that they never saw: 8 of them, 40 in the long run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.cases import medsam_job

# Without flips, RITM takes half the time and is hardly worse.
SPEC = """\
study: demo-weights
output: {output}
datasets:
  - name: Generated
    modality: generated
    generated: {{patients: {patients}, seed: 5}}
    tasks: {{organ: 1, lesion: 2, vessel: 3, wall: 4}}
models:
  - {{name: sam, family: lite_medsam_clicks}}
  - name: ritm
    family: ritm
    arch: hrnet18s
    checkpoint: package://job/models/weights/ritm_h18s_demo.safetensors
    ritm: {{flip: false}}
prompts:
  - {{models: [sam], modes: [whole_box], mask_choice: [single]}}
  - {{models: [sam], clicks: {{protocol: mazurowski2023, max: 5}}, mask_choice: [score, oracle]}}
  - {{models: [sam], clicks: {{protocol: ritm, max: 5}}, mask_choice: [score]}}
  - {{models: [ritm], clicks: {{protocol: mazurowski2023, max: 5}}}}
seed: 1
execution: {{device: cpu}}
"""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Generated patients, and lower bounds of mean IoU on their objects.

    The bounds are what the shipped weights reach, minus a margin for the rounding of other processors.
    """

    patients: int
    objects: int
    sam_box: float
    sam_first_click_oracle: float
    sam_five_clicks: float
    sam_five_clicks_fed_back: float
    ritm_first_click: float
    ritm_five_clicks: float


SMALL = Sample(
    patients=3,
    objects=8,
    sam_box=0.37,
    sam_first_click_oracle=0.46,
    sam_five_clicks=0.60,
    sam_five_clicks_fed_back=0.69,
    ritm_first_click=0.31,
    ritm_five_clicks=0.66,
)
LARGE = Sample(
    patients=18,
    objects=40,
    sam_box=0.57,
    sam_first_click_oracle=0.55,
    sam_five_clicks=0.57,
    sam_five_clicks_fed_back=0.65,
    ritm_first_click=0.42,
    ritm_five_clicks=0.69,
)

Mean = Callable[..., float]


@pytest.fixture(scope="module", params=[SMALL, pytest.param(LARGE, marks=pytest.mark.long)], ids=["small", "large"])
def sample(request: pytest.FixtureRequest) -> Sample:
    return request.param


@pytest.fixture(scope="module")
def mean(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Mean:
    """Run the study; return a function that computes the mean IoU of the rows with the given values."""
    folder: Path = tmp_path_factory.mktemp("demo")
    (folder / "study.yaml").write_text(SPEC.format(output=folder / "results", patients=sample.patients))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, folder / "study.yaml", "--only", "predict") == 0
    rows = pq.read_table(folder / "results/iou").to_pylist()

    def mean_of_rows(**values: object) -> float:
        ious = [row["iou"] for row in rows if all(row[key] == value for key, value in values.items())]
        assert len(ious) == sample.objects
        return float(np.mean(ious))

    return mean_of_rows


def test_a_box_is_segmented(sample: Sample, mean: Mean) -> None:
    """By the single mask, as in plain LiteMedSAM."""
    assert mean(prompt="whole_box") > sample.sam_box


def test_one_of_the_candidates_of_one_click_is_the_object(sample: Sample, mean: Mean) -> None:
    """One click is ambiguous, so the best of three candidates counts."""
    first = mean(model="sam", protocol="mazurowski2023", mask_choice="oracle", step=1)
    assert first > sample.sam_first_click_oracle


def test_the_predicted_iou_chooses_good_candidates(sample: Sample, mean: Mean) -> None:
    """After five clicks, positive and negative."""
    assert mean(model="sam", protocol="mazurowski2023", mask_choice="score", step=5) > sample.sam_five_clicks


def test_logits_that_are_fed_back_improve_the_mask(sample: Sample, mean: Mean) -> None:
    """The protocol `ritm` feeds them back."""
    assert mean(model="sam", protocol="ritm", step=5) > sample.sam_five_clicks_fed_back


def test_ritm_segments_an_object_and_improves_with_clicks(sample: Sample, mean: Mean) -> None:
    """The fifth click's mean IoU is above the first's."""
    first, fifth = (mean(model="ritm", step=step) for step in (1, 5))
    assert first > sample.ritm_first_click
    assert fifth > max(first, sample.ritm_five_clicks)
