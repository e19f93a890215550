"""A study that asks with and without a jitter, from the spec to the tables."""

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.cases import medsam_job, use_fake_models, write_generated

NAMES = ["whole_box", "whole_box jitter 3 px", "whole_box jitter 20 %"]

BLOCKS = """\
prompts:
  - modes: [whole_box]
  - modes: [whole_box]
    jitter: 3 px
  - modes: [whole_box]
    jitter: 20%
statistics:
  contrasts:
    - {name: hasty, of: {prompt: whole_box jitter 3 px}, minus: {prompt: whole_box}}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The output of a study with a fake model, which fills boxes."""
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        spec = write_generated(tmp_path_factory.mktemp("moved"))
        before, _, after = spec.read_text().partition("prompts:\n")
        spec.write_text(before + BLOCKS + after.partition("\n")[2])
        assert medsam_job(patch, spec) == 0
    return spec.parent / "results"


def by_prompt(study, table, column):
    """Return a column of a table as {prompt: {object: value}}."""
    found = {name: {} for name in NAMES}
    for row in pq.read_table(study / table).to_pylist():
        found[row["prompt"]][row["image"], row["task"]] = row[column]
    return found


def test_each_jitter_has_rows_of_its_own(study):
    """Of the same objects."""
    ious = by_prompt(study, "iou", "iou")
    assert len(ious[NAMES[0]]) > 10
    assert ious[NAMES[0]].keys() == ious[NAMES[1]].keys() == ious[NAMES[2]].keys()


def test_predictions_hold_the_boxes_that_the_model_was_given(study):
    """Within 3 px of the tight ones, and not these."""
    boxes = by_prompt(study, "predictions", "boxes")
    tight, moved = (
        np.array([[*boxes[name][key][0].values()] for key in sorted(boxes[NAMES[0]])]) for name in NAMES[:2]
    )
    assert np.abs(moved - tight).max() == 3


def test_what_a_jitter_costs_is_a_contrast(study):
    """The mean of the paired differences of each task."""
    ious = by_prompt(study, "iou", "iou")
    for row in pq.read_table(study / "summary/comparison_by_task.parquet").to_pylist():
        pairs = [(ious[NAMES[1]][key], iou) for key, iou in ious[NAMES[0]].items() if key[1] == row["task"]]
        assert row["contrast"] == "hasty"
        assert row["mean_difference"] == pytest.approx(np.mean([moved - tight for moved, tight in pairs]))


def test_tables_list_a_mode_before_its_jitters(study, monkeypatch, capfd):
    """Shares of the box before pixels."""
    assert medsam_job(monkeypatch, "table", study, "modes", "--format", "csv") == 0
    lines = [line for line in capfd.readouterr().out.splitlines() if "mean of tasks" in line]
    assert [line.split(",")[2].strip('"') for line in lines] == [
        "whole_box",
        "whole_box jitter 20 %",
        "whole_box jitter 3 px",
    ]
