"""A run leaves out what a mode or protocol of another package gives wrongly, and says so; the rest is as without it."""

import pyarrow.parquet as pq
import pytest

from tests.cases import SPEC, medsam_job, use_fake_models, write_study
from tests.installing import install_package

__all__ = ["install_package"]

MODE = """
from job.prompts.boxes import tight_box
from job.prompts.modes import Prompt, PromptMode


def prompts(target, draw):
    times = 3 if (draw.image, draw.task) == ("case1.png", "ring") else 1
    return [Prompt(box=tight_box(target.truth_HW))] * times


MODE = PromptMode(name="own", prompts=prompts, boxes=True)
"""
PROTOCOL = """
from dataclasses import replace

from job.prompts.clicks import MAZUROWSKI2023, ClickProtocol


def next_click(situation):
    click = MAZUROWSKI2023.next_click(situation)
    is_faulty = (situation.draw.image, situation.draw.task, situation.step) == ("case1.png", "ring", FAULTY_STEP)
    return replace(click, x=float("nan")) if is_faulty else click


PROTOCOL = ClickProtocol(name="own", next_click=next_click, feedback=False, clicks=4)
"""
CLICKS = SPEC.replace("lite_medsam", "lite_medsam_clicks").replace(
    "modes: [whole_box, each_box]", "clicks: {{protocol: own}}"
)
FAULTY, ERROR_ROWS = ("case1.png", "ring"), 3


def rows(folder, table="iou"):
    return pq.read_table(folder / "results" / table).to_pylist()


def scores(folder, *prompts):
    """Return the scores under these prompts, or all, by object, prompt and step."""
    return {
        (row["image"], row["task"], row["prompt"], row["step"]): (row["iou"], row["point_x"], row["status"])
        for row in rows(folder)
        if not prompts or row["prompt"] in prompts
    }


@pytest.fixture
def run(install_package, monkeypatch, tmp_path):
    """Install a mode or protocol, and run a study of three images of two objects; return exit code and folder."""
    use_fake_models(monkeypatch)

    def run(code, text, name="study", kind="mode"):
        install_package("own", code, f"medsam_job.{kind}s", f"own = own:{kind.upper()}")
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return medsam_job(monkeypatch, write_study(folder, text=text)), folder

    return run


OWN_AND_OURS = SPEC.replace("whole_box, each_box", "own, whole_box")


def test_too_many_prompts_of_a_mode_are_an_error_of_the_object(run):
    """It names the mode, its package, what it promised and what it gave."""
    code, folder = run(MODE, OWN_AND_OURS)
    assert code == ERROR_ROWS
    (line,) = rows(folder, "excluded")
    assert (line["image"], line["task"], line["kind"], line["reason"]) == (*FAULTY, "error", "faulty prompts")
    assert line["detail"] == (
        "model lite: mode own of own 1.2: promised at most 1 prompt (most_calls), gave 3 prompts; "
        "update or mend the package"
    )


def test_the_object_has_no_row_of_that_mode_and_all_others_have_theirs(run):
    """Nothing is cut to what was promised. The part stays open for a mended package."""
    _, folder = run(MODE, OWN_AND_OURS)
    objects = {(image, task) for image in ("case0.png", "case1.png", "case2.png") for task in ("disc", "ring")}
    assert {key[:2] for key in scores(folder, "whole_box")} == objects
    assert {key[:2] for key in scores(folder, "own")} == objects - {FAULTY}
    (part,) = (folder / "results/iou").iterdir()
    assert part.name.endswith(".partial.parquet")


def test_a_second_run_tries_again_and_ends_alike(run, monkeypatch):
    """The error is neither lost nor doubled."""
    _, folder = run(MODE, OWN_AND_OURS)
    before = rows(folder), rows(folder, "excluded")
    assert medsam_job(monkeypatch, folder / "study.yaml") == ERROR_ROWS
    assert (rows(folder), rows(folder, "excluded")) == before


def test_a_mended_package_completes_the_part(run, monkeypatch):
    """Here of the same version."""
    run(MODE, OWN_AND_OURS)
    code, folder = run(MODE.replace("times = 3", "times = 1"), OWN_AND_OURS)
    assert (code, len(scores(folder, "own"))) == (0, 6)
    assert medsam_job(monkeypatch, "verify", folder / "results") == 0


def test_verify_names_the_part_and_the_error(run, monkeypatch, capfd):
    """A part that lacks an object is not sound."""
    _, folder = run(MODE, OWN_AND_OURS)
    capfd.readouterr()
    assert medsam_job(monkeypatch, "verify", folder / "results") == ERROR_ROWS
    out = capfd.readouterr().out
    assert "prompts were faulty; run the study again" in out
    assert "case1.png: faulty prompts: model lite: mode own of own 1.2" in out


def test_a_mode_that_is_always_faulty_leaves_the_others_alone(run):
    """A batch without a request is no call of the model."""
    code, folder = run(MODE.replace("times = 3 if", "times = 3 if True or"), OWN_AND_OURS)
    assert code == ERROR_ROWS
    assert {key[2] for key in scores(folder)} == {"whole_box"}
    assert len(rows(folder, "excluded")) == 6


@pytest.mark.parametrize("step", [1, 3])
def test_a_faulty_click_leaves_out_the_whole_trajectory_and_no_other(run, step):
    """Also the clicks before it: means by step are over the same objects."""
    code, folder = run(PROTOCOL.replace("FAULTY_STEP", str(step)), CLICKS, kind="protocol")
    assert code == ERROR_ROWS
    (line,) = rows(folder, "excluded")
    assert (line["image"], line["task"], line["kind"], line["reason"]) == (*FAULTY, "error", "faulty prompts")
    assert line["detail"].startswith(
        f"model lite: protocol own of own 1.2: click {step}: x: expected an integer from 0 to 47, got float nan"
    )
    faulty = scores(folder)
    _, sound = run(PROTOCOL.replace("FAULTY_STEP", "0"), CLICKS, name="sound", kind="protocol")
    assert faulty == {key: value for key, value in scores(sound).items() if key[:2] != FAULTY}


def test_a_preview_says_it_too(run, monkeypatch, capfd):
    """Before any model has run."""
    _, folder = run(MODE.replace('"case1.png"', '"case0.png"'), OWN_AND_OURS)
    capfd.readouterr()
    medsam_job(monkeypatch, "preview", folder / "study.yaml", "--output", folder / "preview")
    assert "case0.png: error: faulty prompts: mode own of own 1.2: promised at most 1 prompt" in capfd.readouterr().out
