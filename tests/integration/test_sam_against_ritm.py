"""The main kind of study: SAM against RITM with every click protocol, on real brain MRI.

The checkpoints have the official format, but other weights (random for SAM, the oracle's for RITM): the engine is
tested, not the scores.
"""

import json
import runpy
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from segment_anything import sam_model_registry

from tests.cases import medsam_job
from tests.shared import SHARED, needs_shared

pytestmark = needs_shared
ROOT = Path(__file__).parents[2]

SPEC = """\
study: sam-vs-ritm
output: {folder}/results
datasets:
  - name: MNI152
    modality: MRI
    images: package://nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz
    slices: {{axis: axial, indices: [90]}}
    tasks:
      brain: {{masks: "{{image}}", above: 0}}
      WM: {{masks: package://nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz, above: 127}}
models:
  - {{name: sam, family: sam, arch: vit_b, checkpoint: {folder}/sam.pth}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: {folder}/ritm.pth}}
  - {{name: plain, family: ritm, arch: hrnet18s, checkpoint: {folder}/ritm.pth, ritm: {{zoom_in: false, flip: false}}}}
  - {{name: once, family: ritm, arch: hrnet18s, checkpoint: {folder}/ritm.pth, ritm: {{one_pass: true}}}}
prompts:
  - {{clicks: {{protocol: mazurowski2023, max: 3}}, mask_choice: [first, oracle]}}
  - {{clicks: {{protocol: mazurowski2023-corrected, max: 3}}, mask_choice: [first]}}
  - {{clicks: {{protocol: ritm, max: 3}}}}
seed: 1
execution: {{device: cpu}}
"""


def official_ritm_checkpoint(path):
    """Save the oracle's weights in the format of an official checkpoint."""
    folder = SHARED / "oracle/ritm"
    manifest = json.loads((folder / "h18s.json").read_text())
    weights = runpy.run_path(str(folder / "weights.py"))["state_dict"]("h18s")
    values = manifest["config"] | manifest["common"]
    params = {name: {"type": "builtin", "value": value, "specified": True} for name, value in values.items()}
    config = {"class": "isegm.model.is_hrnet_model.HRNetModel", "params": params}
    state = {key: torch.from_numpy(np.asarray(value)) for key, value in weights.items()}
    torch.save({"state_dict": state, "config": config}, path)


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The rows and the folder of a finished study."""
    folder = tmp_path_factory.mktemp("study")
    torch.manual_seed(0)
    torch.save(sam_model_registry["vit_b"]().state_dict(), folder / "sam.pth")
    official_ritm_checkpoint(folder / "ritm.pth")
    (folder / "study.yaml").write_text(SPEC.format(folder=folder))
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, folder / "study.yaml") == 0
    return pq.read_table(folder / "results/iou").to_pylist(), folder


def test_every_trajectory_is_complete(study):
    """Two objects, three clicks; SAM with each mask choice of the spec, RITM with `single` alone."""
    rows, _ = study
    runs = {(row["model"], row["protocol"], row["mask_choice"]) for row in rows}
    ritm_runs = {
        (name, protocol, "single")
        for name in ("ritm", "plain", "once")
        for protocol in ("mazurowski2023", "mazurowski2023-corrected", "ritm")
    }
    assert runs == ritm_runs | {
        ("sam", "mazurowski2023", "first"), ("sam", "mazurowski2023", "oracle"),
        ("sam", "mazurowski2023-corrected", "first"), ("sam", "ritm", "score"),
    }  # fmt: skip
    assert len(rows) == len(runs) * 2 * 3


def test_all_models_get_the_same_first_click(study):
    """For each object and protocol."""
    rows, _ = study
    first_clicks = {}
    for row in rows:
        if row["step"] == 1:
            clicks = first_clicks.setdefault((row["task"], row["protocol"]), set())
            clicks.add((row["point_x"], row["point_y"], row["point_positive"]))
    assert all(len(clicks) == 1 for clicks in first_clicks.values())


def test_the_settings_of_ritm_change_its_masks_and_are_in_the_manifest(study):
    """Zoom-in, flip, and `one_pass`, which leaves out the previous mask."""
    rows, folder = study
    (run,) = json.loads((folder / "results/manifest.json").read_text())["runs"]
    assert [model["ritm"] for model in run["models"] if model["family"] == "ritm"] == [
        {"zoom_in": True, "flip": True, "one_pass": False},
        {"zoom_in": False, "flip": False, "one_pass": False},
        {"zoom_in": True, "flip": True, "one_pass": True},
    ]
    last = {
        name: [row["intersection_px"] for row in rows if (row["model"], row["step"]) == (name, 3)]
        for name in ("ritm", "plain", "once")
    }
    assert last["ritm"] != last["plain"]
    assert last["ritm"] != last["once"]


def test_a_box_for_ritm_is_refused_before_any_work(study, monkeypatch, capfd):
    """It takes points only."""
    _, folder = study
    text = (folder / "study.yaml").read_text().replace("seed: 1", "  - {models: [ritm], modes: [whole_box]}\nseed: 1")
    (folder / "boxes.yaml").write_text(text)
    assert medsam_job(monkeypatch, "validate", folder / "boxes.yaml") == 2
    assert "ritm takes no boxes, which whole_box would give it" in capfd.readouterr().out
