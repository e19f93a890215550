"""docs/other-tools.md: its commands and its Python lines run as they stand, and agree with the statistics."""

import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated

PAGE = (Path(__file__).parents[2] / "docs/other-tools.md").read_text(encoding="utf-8")
MODELS = """\
  - {{name: sam, family: lite_medsam_clicks}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: package://job/models/weights/ritm_h18s_demo.safetensors}}
prompts:
  - {{models: [sam], modes: [whole_box]}}
  - {{clicks: {{protocol: mazurowski2023, max: 9}}, mask_choice: [first, oracle]}}
seeds: [1, 2]
"""
SPEC = re.sub(r"  - name: lite\n.*?(?=execution)", MODELS, GENERATED, flags=re.DOTALL)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with what the commands of the page write, and with the results of the study."""
    folder = tmp_path_factory.mktemp("other-tools")
    with pytest.MonkeyPatch.context() as patch:
        use_fake_models(patch)
        assert medsam_job(patch, write_generated(folder, text=SPEC)) == 0
    for line in re.findall(r"^    medsam-job (.*)$", PAGE, flags=re.MULTILINE):
        *arguments, redirect, name = shlex.split(line.replace("OUTPUT", str(folder / "results"), 1))
        assert redirect == ">"
        with (folder / name).open("wb") as file:
            subprocess.run([sys.executable, "-m", "job", *arguments], stdout=file, check=True)
    return folder


@pytest.fixture
def names(folder, monkeypatch):
    """What the lines of pandas compute."""
    monkeypatch.chdir(folder)
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    Path("lines.py").write_text(code)
    return runpy.run_path("lines.py")


def mart(folder, name, column):
    """Return a column of a mart by run, and task if it has any; of each run its last step."""
    rows = pd.read_parquet(folder / f"results/summary/{name}.parquet")
    run = ["model", "protocol", "mask_choice", "prompt", "seed"]
    last = rows[rows["step"] == rows.groupby(run)["step"].transform("max")]
    return last.set_index([*run, *(["dataset", "task"] if "task" in rows else [])])[column].sort_index()


def test_pandas_computes_the_means_of_the_statistics(folder, names):
    """Of tasks and over tasks, for each run at its last step; counts too."""
    assert names["tasks"]["mean"].to_dict() == pytest.approx(mart(folder, "task_scores", "mean_iou").to_dict())
    assert names["tasks"]["count"].to_dict() == mart(folder, "task_scores", "objects").to_dict()
    assert names["overall"].to_dict() == pytest.approx(mart(folder, "overall_scores", "mean_iou").to_dict())


def test_runs_stand_side_by_side_by_patient(names):
    """Two choices of sam and one of ritm by clicks, and sam's box of each choice that is run: for two seeds."""
    assert names["beside"].shape[1] == 2 * (3 + 1)
    assert names["beside"].index.names == ["dataset", "task", "patient"]
    assert len(names["beside"]) == len(names["patients"].reset_index().drop_duplicates(["task", "patient"]))


def test_challenger_gets_one_value_for_each_algorithm_task_and_case(folder):
    """Each algorithm has each case of a task."""
    values = pd.read_csv(folder / "challenge.csv")
    assert list(values.columns) == ["algorithm", "task", "case", "value"]
    assert set(values["algorithm"]) == {f"{name} mazurowski2023 {choice}" for name, choice in (
        ("sam", "first"), ("sam", "oracle"), ("ritm", "single"))}  # fmt: skip
    counts = values.groupby(["task", "case"])["algorithm"].agg(["count", "nunique"])
    assert (counts == 3).all(axis=None)
    assert values["value"].between(0, 1).all()
