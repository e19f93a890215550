"""One study of every kind of model: SAM 2.1, SimpleClick, RITM and LiteMedSAM with clicks, to the page."""

import json

import pyarrow.parquet as pq
import pytest
import torch
import transformers
from safetensors.torch import save_file

from job.models.simpleclick.architecture import ARCHITECTURES
from job.models.simpleclick.network import SimpleClickNetwork
from tests.cases import medsam_job
from tests.models.hub.oracle import sam2_config, sam2_processor, saved
from tests.models.requests import randomise

SPEC = """
study: together
output: {folder}/results
datasets:
  - name: Phantom
    modality: X-ray
    generated: {{patients: 2}}
    tasks: {{organ: 1}}
models:
  - {{name: sam2, family: sam2, checkpoint: {folder}/sam2, trained_on: [SA-V, phantom]}}
  - {{name: simpleclick, family: simpleclick, arch: vit_xt, checkpoint: {folder}/simpleclick.safetensors}}
  - name: ritm
    family: ritm
    arch: hrnet18s
    checkpoint: package://job/models/weights/ritm_h18s_demo.safetensors
  - {{name: clicks, family: lite_medsam_clicks}}
prompts:
  - clicks: {{protocol: ritm, max: 2}}
  - {{models: [sam2, clicks], modes: [whole_box], mask_choice: [score, oracle]}}
statistics:
  compare: {{model: sam2, baseline: simpleclick}}
"""
NAMES = {"sam2", "simpleclick", "ritm", "clicks"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return the folder of a finished study; networks without trained weights have random ones."""
    folder = tmp_path_factory.mktemp("together")
    torch.manual_seed(0)
    saved(transformers.Sam2Model(sam2_config()), sam2_processor(), folder / "sam2")
    network = SimpleClickNetwork(ARCHITECTURES["vit_xt"])
    randomise(network)
    save_file(network.state_dict(), folder / "simpleclick.safetensors")
    (folder / "study.yaml").write_text(SPEC.format(folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, folder / "study.yaml") == 0
    return folder


def test_each_model_has_a_row_for_each_object_and_way_of_asking(folder):
    """Two clicks each; boxes for those that take them."""
    rows = pq.read_table(folder / "results/iou").to_pylist()
    objects = pq.read_table(folder / "results/objects").num_rows
    counts = {name: sum(row["model"] == name for row in rows) for name in NAMES}
    assert counts == dict.fromkeys(NAMES, 2 * objects) | {"sam2": 4 * objects, "clicks": 4 * objects}


def test_the_comparison_says_that_one_side_has_seen_the_data(folder):
    """By the spec's own word."""
    (path,) = (folder / "results/summary").rglob("comparison_by_task.parquet")
    assert {row["seen_by"] for row in pq.read_table(path).to_pylist() if row["kind"] == "compare"} == {"model"}


def test_the_page_shows_them_all(folder):
    """With the remarks on what was seen and on demo weights."""
    page = (folder / "results/report.html").read_text()
    assert all(name in page for name in NAMES)
    assert "Trained on data of this study: sam2 (Phantom)." in page
    assert "Demo weights: ritm, clicks." in page or "Demo weights: clicks, ritm." in page


def test_nothing_is_left_on_a_second_run(folder, monkeypatch, capfd):
    """Parts are named by the content of each checkpoint, also of a folder."""
    assert medsam_job(monkeypatch, "plan", folder / "study.yaml", "--format", "json") == 0
    assert json.loads(capfd.readouterr().out)["parts_left"] == 0
