"""Wherever a model with demo weights appears, a remark states that its scores are no finding."""

import json
import shutil

import duckdb
import pytest

from job.models.demo_weights import FOLDER
from tests.cases import medsam_job

REMARK = "Demo weights: demo. They show that the job works; they say nothing about SAM against RITM."
FILE = "lite_medsam_clicks.safetensors"

SPEC = """\
study: remark
output: {folder}/results
datasets:
  - name: Generated
    modality: generated
    generated: {{patients: 1, seed: 5}}
    tasks: {{organ: 1}}
models: [{{name: demo, family: lite_medsam_clicks, checkpoint: {folder}/copied.safetensors}}]
prompts: [{{modes: [whole_box]}}]
execution: {{device: cpu}}
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A study with a copy of demo weights under another name."""
    folder = tmp_path_factory.mktemp("remark")
    shutil.copy(FOLDER / FILE, folder / "copied.safetensors")
    (folder / "study.yaml").write_text(SPEC.format(folder=folder))
    return folder


def test_a_study_with_demo_weights_shows_the_remark(study, monkeypatch, capfd):
    """When it is validated and in its tables; the manifest and the database hold the purpose."""
    assert medsam_job(monkeypatch, "validate", study / "study.yaml") == 0
    assert REMARK in capfd.readouterr().out
    assert medsam_job(monkeypatch, study / "study.yaml") == 0
    assert REMARK in " ".join(capfd.readouterr().out.split())
    (run,) = json.loads((study / "results/manifest.json").read_text())["runs"]
    assert [model["purpose"] for model in run["models"]] == ["demo"]
    with duckdb.connect(study / "results/results.duckdb", read_only=True) as connection:
        assert connection.sql("SELECT model, family, purpose FROM models").fetchall() == [
            ("demo", "lite_medsam_clicks", "demo")
        ]
