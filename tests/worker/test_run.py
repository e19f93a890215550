"""A study from spec to Parquet, as a user runs it."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.bad_files import UNUSABLE, WITHOUT_OBJECT, add_bad_files
from tests.cases import SPEC, draw_case, medsam_job, use_fake_models, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line, with the real models."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.fixture
def quick(run, monkeypatch):
    """The command line, with quick models."""
    use_fake_models(monkeypatch)
    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a study that LiteMedSAM ran."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, write_study(folder)) == 0
    return folder


def rows(folder, table):
    """Read a table as a user would: every file of its folder."""
    return pq.read_table(folder / "results" / table).to_pylist()


def snapshot(folder, *tables):
    """Return the time of change of every file of some tables."""
    files = [path for table in tables for path in sorted((folder / "results" / table).iterdir())]
    return {path: path.stat().st_mtime_ns for path in files}


def manifests(folder):
    """Return the manifests of all runs, in their order."""
    return json.loads((folder / "results/manifest.json").read_text())["runs"]


def test_a_second_run_does_nothing_and_says_so(finished, run, capfd):
    """No part, object or manifest is written again; the statistics are computed anew."""
    tables = ("plan", "objects", "excluded", "iou", "predictions", "manifests")
    before = snapshot(finished, *tables)
    assert run(finished / "study.yaml") == 0
    assert "nothing to do" in capfd.readouterr().err
    assert snapshot(finished, *tables) == before


def test_a_run_gives_the_same_rows_again(finished, run, tmp_path):
    """In another output, they are equal to the last bit."""
    assert run(finished / "study.yaml", "--only", "predict", "--output", tmp_path / "results") == 0
    for table in ("iou", "predictions", "objects"):
        assert rows(tmp_path, table) == rows(finished, table)


def test_a_study_may_lie_in_any_folder(tmp_path, quick, monkeypatch):
    """Brackets in the path of the output, the data or the working folder are no wildcards."""
    folder = tmp_path / "run [v2]"
    folder.mkdir()
    spec = write_study(folder, cases=1)
    assert quick(spec) == 0
    parts = sorted(path.name for path in (folder / "results/iou").iterdir())
    assert len(parts) == 1
    assert quick(spec, "--only", "predict") == 0
    assert quick("verify", folder / "results") == 0
    monkeypatch.chdir(folder)
    text = spec.read_text().replace(f"{folder}/", "")
    Path("study2.yaml").write_text(text.replace("output: results", "output: results2"))
    assert quick("study2.yaml") == 0
    assert [path.name for path in Path("results2/iou").iterdir()] == parts


def test_predict_and_statistics_can_be_run_apart(tmp_path, quick):
    """The first writes no summary."""
    spec = write_study(tmp_path, cases=1)
    assert quick(spec, "--only", "predict") == 0
    assert not (tmp_path / "results/summary").exists()
    assert quick(spec, "--only", "statistics") == 0
    assert (tmp_path / "results/summary/task_scores.csv").exists()


def test_an_added_image_runs_alone(tmp_path, quick, capfd):
    """Only its chunk is evaluated, of four images at most; the summary has all ten images."""
    spec = write_study(tmp_path, cases=9)
    assert quick(spec, "--only", "predict") == 0
    done = set((tmp_path / "results/iou").iterdir())
    draw_case(tmp_path / "data", "new.png", seed=77)
    assert quick(spec) == 0
    assert "inputs changed since the last plan" in capfd.readouterr().err
    assert done <= set((tmp_path / "results/iou").iterdir())
    assert manifests(tmp_path)[-1]["counts"]["images"] <= 5
    summary = pq.read_table(tmp_path / "results/summary/overall_scores.parquet").to_pylist()
    assert {row["objects"] for row in summary} == {20}


def test_an_added_block_runs_alone(tmp_path, quick):
    """The images' other rows stay as they are."""
    spec = write_study(tmp_path, cases=1)
    quick(spec, "--only", "predict")
    done = snapshot(tmp_path, "iou")
    spec.write_text(spec.read_text().replace("seed: 3", "  - modes: [largest_box]\nseed: 3"))
    assert quick(spec, "--only", "predict") == 0
    assert len(rows(tmp_path, "iou")) == 6
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())


def test_a_limited_run_is_marked(tmp_path, quick):
    """It is no full run, and its rows are not used for one."""
    spec = write_study(tmp_path)
    assert quick(spec, "--limit", "1") == 0
    (manifest,) = manifests(tmp_path)
    assert (manifest["full_run"], manifest["limit"], manifest["counts"]["images"]) == (False, 1, 1)
    assert quick(spec) == 0
    assert manifests(tmp_path)[-1]["counts"]["images"] == 3


def test_bad_files_are_in_the_ledger_and_stop_nothing(tmp_path, quick, capfd):
    """The good ones are evaluated; the exit code is 3, also of a second run that has nothing to do."""
    spec = write_study(tmp_path, cases=2)
    add_bad_files(tmp_path / "data")
    assert quick(spec) == 3
    assert len(rows(tmp_path, "objects")) == 4
    kinds = {row["image"]: row["kind"] for row in rows(tmp_path, "excluded")}
    assert kinds == dict.fromkeys(UNUSABLE, "error") | {WITHOUT_OBJECT: "empty"}
    assert "Traceback" not in capfd.readouterr().err
    assert quick(spec) == 3


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("images/*.png", "images/*.jpg"), "study.yaml:6:5: datasets[0].images: no file matches this pattern"),
        (("{data}/images", "{data}/nowhere"), "no file matches this pattern"),
        (("disc: 1", "disc: 7"), "no image holds an object of this task"),
        (("family: lite_medsam", "family: lite_medsam\n    checkpoint: none.pth"), "no checkpoint: none.pth"),
        (("family: lite_medsam", f"family: lite_medsam\n    sha256: {'f' * 64}"), "models[0].sha256: expected"),
        (("[whole_box, each_box]", "[whole_box, each_point]"), "lite takes no points"),
        (("study: small", "study: ../small"), "study: "),
    ],
    ids=["pattern", "folder", "label", "checkpoint", "hash", "prompts", "name"],
)
def test_an_error_that_the_user_can_fix_has_a_line_and_exit_code_2(tmp_path, quick, capfd, change, expected):
    """The line gives the place in the spec; there is no traceback."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace(*change))
    assert quick(spec) == 2
    err = capfd.readouterr().err
    assert expected in err
    assert "Traceback" not in err


def test_a_device_that_this_machine_lacks_ends_the_run_with_4(tmp_path, quick, capfd):
    """Another machine may have it. The line names the device; nothing is planned."""
    assert quick(write_study(tmp_path, cases=1, text=SPEC.replace("device: cpu", "device: cuda:7"))) == 4
    assert "device: cuda:7 was asked for" in capfd.readouterr().err
    assert not (tmp_path / "results/plan").exists()


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 cut short"], ids=["empty", "text", "truncated"])
def test_damaged_weights_are_reported_at_the_start(tmp_path, run, capfd, content):
    """No image is read before, and nothing is stored."""
    (tmp_path / "weights.pth").write_bytes(content)
    own = f"family: lite_medsam\n    checkpoint: {tmp_path}/weights.pth"
    assert run(write_study(tmp_path, cases=1, text=SPEC.replace("family: lite_medsam", own))) == 2
    err = capfd.readouterr().err
    assert "weights.pth" in err
    assert "Traceback" not in err
    assert not (tmp_path / "results/objects").exists()


def test_an_output_that_cannot_be_written_is_reported_at_the_start(tmp_path, quick, capfd):
    """Here a file has the path of the folder."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "results").write_text("in the way")
    assert quick(spec) == 2
    assert f"output {tmp_path / 'results'} is not writable" in capfd.readouterr().err
