"""A study under `cvpr2025` with the shipped weights, from the spec to tables, page and single cases."""

import json
import re

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from PIL import Image

from job.results import run_lengths
from tests.cases import medsam_job
from tests.report.page.made import embedded, rows_of

SPEC = """
study: challenge
output: {folder}/results
datasets:
  - name: Phantom
    modality: X-ray
    generated: {{patients: 2, slices: 1, seed: 5}}
    tasks: {{organ: 1, lesion: 2}}
models:
  - {{name: clicks, family: lite_medsam_clicks}}
prompts:
  - {{clicks: {{protocol: cvpr2025}}, mask_choice: [score, oracle]}}
  - {{modes: [whole_box]}}
statistics:
  metrics: [nsd]
  metrics_at: every
  noc: [0.3, 0.9]
execution: {{device: cpu}}
"""
KEY = ["image", "slice", "task", "mask_choice"]


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The output of the finished study."""
    folder = tmp_path_factory.mktemp("challenge")
    (folder / "study.yaml").write_text(SPEC.format(folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, folder / "study.yaml") == 0
    return folder / "results"


def table(results, name):
    """Return the rows of clicks of a table."""
    rows = pd.concat(pd.read_parquet(path) for path in (results / name).glob("*.parquet"))
    return rows[rows["protocol"] == "cvpr2025"].sort_values([*KEY, "step"])


def test_every_object_has_a_row_of_its_box_and_of_five_clicks(results):
    """The box is given with every click, and the row of the box has no click."""
    scores, predictions = table(results, "iou"), table(results, "predictions")
    assert set(scores.groupby(KEY)["step"].agg(tuple)) == {(0, 1, 2, 3, 4, 5)}
    assert scores["point_x"].isna().equals((scores["step"] == 0) | (scores["status"] != "ok"))
    assert set(predictions["boxes"].map(len)) == {1}
    assert (predictions["points"].map(len) <= predictions["step"]).all()


def test_the_box_is_that_of_the_object_and_its_mask_that_of_the_mode(results):
    """Before any click, the protocol asks as `whole_box` does."""
    objects = pq.read_table(results / "objects").to_pandas()
    predictions = pq.read_table(results / "predictions").to_pandas()
    masks = predictions[(predictions["mask_choice"] == "score") & (predictions["step"] <= 1)]
    for obj in objects.itertuples():
        own = masks[(masks["image"] == obj.image) & (masks["slice"] == obj.slice) & (masks["task"] == obj.task)]
        (box,), (mode,) = (own[own["protocol"] == name].to_dict("records")[:1] for name in ("cvpr2025", "one-shot"))
        y, x = np.nonzero(run_lengths.decode(obj.truth, obj.height, obj.width))
        expected = {"x0": x.min(), "y0": y.min(), "x1": x.max(), "y1": y.max()}
        assert (list(box["boxes"]), box["step"], box["mask"]) == ([expected], 0, mode["mask"])


def test_verify_finds_the_rows_sound(results, monkeypatch):
    """Every score follows from its masks, also that of the box."""
    assert medsam_job(monkeypatch, "verify", results) == 0


def test_areas_and_clicks_needed_follow_from_the_stored_rows(results):
    """IoU and NSD by the trapezoidal rule over five clicks; the box alone may reach a level."""
    scores, boundary = table(results, "iou"), table(results, "boundary")
    assert set(boundary.groupby(KEY)["step"].agg(tuple)) == {(0, 1, 2, 3, 4, 5)}
    measures = pd.read_csv(results / "summary/measures_by_task.csv")
    means = measures.set_index(["measure", "task", "mask_choice", "step"])["mean"]
    by_object = [*KEY[:-1], "mask_choice"]
    for name, rows, column in (
        ("AUC-trapezoid@5", scores, "iou"),
        ("dice-AUC-trapezoid@5", scores, "dice"),
        (f"{boundary['metric'].iloc[0]} AUC-trapezoid@5", boundary, "value"),
    ):
        areas = rows[rows["step"] > 0].groupby(by_object)[column].agg(lambda clicks: np.trapezoid(clicks) / 4)
        for (task, choice), mean in areas.groupby(["task", "mask_choice"]).mean().items():
            assert means[name, task, choice, 5] == pytest.approx(mean)
    reached = scores.assign(step=scores["step"].where(scores["iou"] >= 0.3, 5)).groupby(by_object)["step"].min()
    assert (reached == 0).any()
    for (task, choice), mean in reached.groupby(["task", "mask_choice"]).mean().items():
        assert means["NoC5@30", task, choice, 5] == pytest.approx(mean)


def test_tables_and_the_page_begin_with_the_box(results, monkeypatch, capfd):
    """In a terminal, for a paper, and in a figure."""
    assert medsam_job(monkeypatch, "table", results, "clicks", "--format", "csv") == 0
    lines = capfd.readouterr().out.splitlines()
    cells = [line.replace('"', "").split(",") for line in lines]
    assert [clicks for _, task, clicks, *_ in cells if task == "organ"] == ["box", *"12345"]
    html = (results / "report.html").read_text(encoding="utf-8")
    assert {row["step"] for row in rows_of(embedded(html)["iou-by-click"])} == {0, 1, 2, 3, 4, 5}
    cases = json.loads(re.search(r'<script type="application/json">(\[\{.*?\}\])</script>', html, re.DOTALL)[1])
    runs = {run["way"]: (run["first"], len(run["steps"])) for case in cases for run in case["runs"]}
    assert runs == {"clicks by cvpr2025": (0, 6), "whole_box": (1, 1)}


def test_the_case_of_a_box_is_drawn(results, tmp_path, monkeypatch, capfd):
    """A row of step 0 is shown as any other, with its box and without clicks."""
    where = "WHERE step = 0 AND protocol = 'cvpr2025' AND mask_choice = 'score' LIMIT 1"
    assert medsam_job(monkeypatch, "show", results, where, "--output", tmp_path / "case.png") == 0
    assert capfd.readouterr().out.startswith("1 case\n")
    assert Image.open(tmp_path / "case.png").format == "PNG"
