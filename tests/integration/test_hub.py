"""A model's folder on a hub: read by its address `hf://`, and as what it is on a disk."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import torch
import transformers

from tests.integration.hub_server import COMMIT, hub
from tests.models.hub.oracle import sam2_config, sam2_processor, saved

ROOT = Path(__file__).parents[2]
SPEC = """
study: hub
output: {output}
datasets:
  - {{name: Phantom, modality: X-ray, generated: {{patients: 1}}, tasks: {{organ: 1}}}}
models:
  - {{name: sam2, family: sam2, checkpoint: "{checkpoint}"}}
prompts:
  - {{modes: [whole_box]}}
"""


@pytest.fixture
def run(tmp_path):
    """A function that runs the study with a checkpoint, and returns its rows by the name of their part."""

    def run(checkpoint, **environment):
        name = checkpoint.partition(":")[0].strip("/").replace("/", "-")
        spec = tmp_path / f"{name}.yaml"
        spec.write_text(SPEC.format(output=tmp_path / name, checkpoint=checkpoint))
        command = [sys.executable, "-m", "job", str(spec), "--only", "predict"]
        cache = {"MEDSAM_JOB_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "home")}
        done = subprocess.run(command, cwd=ROOT, env=os.environ | cache | environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return {path.name: pq.read_table(path).to_pylist() for path in (tmp_path / name / "iou").iterdir()}

    return run


def test_a_folder_on_a_hub_gives_the_rows_and_parts_of_its_copy_on_a_disk(run, tmp_path):
    """Nothing is asked of the hub for the copy; of the repository, only what is read is fetched."""
    torch.manual_seed(0)
    saved(transformers.Sam2Model(sam2_config()), sam2_processor(), tmp_path / "hub/someone/tiny")
    (tmp_path / "hub/someone/tiny/weights.msgpack").write_bytes(b"another format")
    with hub(tmp_path / "hub") as (address, asked):
        local = run(str(tmp_path / "hub/someone/tiny"), HF_ENDPOINT=address)
        assert asked == []
        assert run(f"hf://someone/tiny@{COMMIT}", HF_ENDPOINT=address) == local
    fetched = {line.rpartition("/")[2] for line in asked if "/resolve/" in line}
    assert {"config.json", "model.safetensors"} <= fetched
    assert "weights.msgpack" not in fetched
