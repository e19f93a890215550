"""A model of another package, from its wheel to its rows: the example of docs/own-model.md."""

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
import venv
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from job.errors import JobError
from job.models.registry import build as build_model
from job.study.entry_points import Installed
from job.testing import ModelSuite
from tests.models.own import flood_model
from tests.test_package import build

POINT = EntryPoint("flood", "flood_model:FAMILY", "medsam_job.models")
SOURCE = Path(flood_model.__file__).parent
SPEC = """
study: flood
output: {folder}/results
datasets:
  - name: disks
    modality: X-ray
    images: "{folder}/images/*.png"
    masks: "{folder}/masks/*.png"
    tasks: {{disk: 255}}
models:
  - {{name: flood, family: flood, tolerance: 5}}
  - {{name: wide, family: flood, tolerance: 255}}
prompts: [{{clicks: {{protocol: mazurowski2023, max: 3}}}}]
"""


class TestFlood(ModelSuite):
    """The suite that our own models pass."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls):
        return flood_model.FloodModel(tolerance=20)


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """Return the interpreter of a fresh environment in which the wheel is installed.

    Its dependencies are those of this environment, which are not downloaded again.
    """
    folder = tmp_path_factory.mktemp("own")
    wheel = build("wheel", SOURCE, folder)
    venv.create(folder / "fresh", with_pip=False)
    interpreter = folder / "fresh/bin/python"
    (site,) = (folder / "fresh/lib").glob("*/site-packages")
    here = sysconfig.get_path("purelib")
    (site / "dependencies.pth").write_text(f"import site; site.addsitedir({here!r})\n")
    command = [sys.executable, "-m", "pip", "--python", interpreter, "install", "--no-deps", "--no-index", wheel]
    subprocess.run(command, check=True, capture_output=True)
    return interpreter


@pytest.fixture(scope="module")
def study(python, tmp_path_factory):
    """Return the results of a study of a grey disk on black with two such models, run by that interpreter."""
    folder = tmp_path_factory.mktemp("study")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    disk_HW = cv2.circle(np.zeros((80, 90), np.uint8), (40, 45), 20, 255, thickness=-1)
    cv2.imwrite(str(folder / "masks/a.png"), disk_HW)
    cv2.imwrite(str(folder / "images/a.png"), np.where(disk_HW, 100, 0).astype(np.uint8))
    (folder / "study.yaml").write_text(SPEC.format(folder=folder))
    run = subprocess.run(
        [python, "-P", "-m", "job", folder / "study.yaml"],
        cwd=folder, env=os.environ | {"MEDSAM_JOB_CACHE": str(folder / "cache")},
        capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return folder / "results"


def test_a_model_that_takes_other_prompts_than_its_family_states_is_refused(monkeypatch):
    """When it is built; else a spec would pass that its first request breaks."""
    stated = replace(flood_model.FAMILY, capabilities=replace(flood_model.CAPABILITIES, boxes=True))
    monkeypatch.setattr("job.models.registry.family_of", lambda spec: stated)
    monkeypatch.setattr("job.models.registry.families", lambda: {"flood": Installed("family", "flood", (POINT,))})
    spec = flood_model.Flood(name="m", family="flood")
    with pytest.raises(
        JobError, match="the family flood of flood_model:FAMILY is incomplete: expected a model with its"
    ):
        build_model(spec, None, torch.device("cpu"), "fp32")


def parts_left(python, study):
    """Return the number of parts in a plan of the study, and of those that are not done."""
    command = [python, "-P", "-m", "job", "plan", study.parent / "study.yaml", "--format", "json"]
    planned = json.loads(subprocess.run(command, capture_output=True, check=True, cwd=study.parent).stdout)
    return planned["parts"], planned["parts_left"]


def test_its_rows_stand_beside_others(study):
    """Of a disk of one grey on black, the first click fills the disk; with a tolerance of all greys, the image."""
    rows = pq.read_table(study / "iou").to_pylist()
    first = {row["model"]: row for row in rows if row["step"] == 1}
    disk_px = int(np.count_nonzero(cv2.circle(np.zeros((80, 90), np.uint8), (40, 45), 20, 1, thickness=-1)))
    assert first["flood"]["iou"] == 1
    assert first["wide"]["iou"] == pytest.approx(disk_px / (80 * 90))
    assert {row["predicted_iou"] for row in rows} == {None}


def test_its_rows_say_how_they_were_made(study):
    """The manifest has the model's options with their defaults, and no checkpoint."""
    (manifest,) = (json.loads(path.read_text()) for path in (study / "manifests").glob("*.json"))
    flood, wide = manifest["models"]
    assert (flood["family"], flood["tolerance"], wide["tolerance"], flood["checkpoint"]) == ("flood", 5, 255, None)
    assert flood["brought_by"] == wide["brought_by"] == ["flood-model 1.0"]


def test_a_newer_version_of_its_package_makes_its_parts_anew(study, python):
    """Rows of an older version are not taken for its own."""
    assert parts_left(python, study) == (2, 0)
    metadata = next((python.parents[1] / "lib").glob("*/site-packages/flood_model-1.0.dist-info")) / "METADATA"
    metadata.write_text(metadata.read_text().replace("Version: 1.0", "Version: 1.1"))
    assert parts_left(python, study) == (2, 2)


def test_the_model_in_the_docs_is_the_one_that_is_tested():
    """Its code and its package stand in docs/own-model.md, indented."""
    documented = Path("docs/own-model.md").read_text()
    for name in ("flood_model.py", "pyproject.toml"):
        assert textwrap.indent((SOURCE / name).read_text().rstrip(), "    ") in documented
