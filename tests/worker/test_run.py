"""A study from spec to Parquet, with a real model, as a user runs it."""

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from pycocotools import mask as coco
from structlog.contextvars import bound_contextvars, get_contextvars

from job.results.tables import EXCLUDED, IOU, OBJECTS, PREDICTIONS
from job.worker.read_ahead import threads
from tests.cases import SPEC, draw_case, medsam_job, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line."""
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study that ran: its folder."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        assert medsam_job(patch, write_study(folder)) == 0
    return folder


def rows(folder, table):
    """Read a table as a user would: every file of its folder."""
    return pq.read_table(folder / "results" / table).to_pylist()


def snapshot(folder, *tables):
    """Give every file of some tables with its time of change."""
    files = [path for table in tables for path in sorted((folder / "results" / table).iterdir())]
    return {path: path.stat().st_mtime_ns for path in files}


def test_a_study_may_lie_in_any_folder(tmp_path, monkeypatch):
    """Brackets are no wildcards: of the output, of the data, and of the working folder."""
    folder = tmp_path / "run [v2]"
    folder.mkdir()
    spec = write_study(folder, cases=1)
    assert medsam_job(monkeypatch, spec) == 0
    parts = sorted(path.name for path in (folder / "results/iou").iterdir())
    assert len(parts) == 1
    assert medsam_job(monkeypatch, spec) == 0
    assert medsam_job(monkeypatch, "verify", folder / "results") == 0
    monkeypatch.chdir(folder)
    text = spec.read_text().replace(f"{folder}/", "")
    Path("study2.yaml").write_text(text.replace("output: results", "output: results2"))
    assert medsam_job(monkeypatch, "study2.yaml") == 0
    assert [path.name for path in Path("results2/iou").iterdir()] == parts


@pytest.mark.parametrize(
    ("table", "schema"), [("objects", OBJECTS), ("iou", IOU), ("predictions", PREDICTIONS), ("excluded", EXCLUDED)]
)
def test_the_tables_have_their_columns(finished, table, schema):
    """Names and types as documented."""
    (file, *_) = (finished / "results" / table).iterdir()
    assert pq.read_schema(file).remove_metadata() == schema


def test_every_object_has_a_row_for_every_way_of_prompting(finished):
    """Three images, two tasks, two modes, one mask."""
    assert len(rows(finished, "objects")) == 6
    found = rows(finished, "iou")
    assert len(found) == len({tuple(list(row.values())[:10]) for row in found}) == 12
    assert {row["mask_choice"] for row in found} == {"single"}


def test_a_row_can_be_scored_again_from_the_stored_masks(finished):
    """By pycocotools alone: masks, counts, IoU, Dice."""
    truths = {(row["image"], row["task"]): row for row in rows(finished, "objects")}
    predictions = {(row["image"], row["task"], row["prompt"]): row for row in rows(finished, "predictions")}
    for row in rows(finished, "iou"):
        truth = truths[row["image"], row["task"]]
        size = [truth["height"], truth["width"]]
        given = predictions[row["image"], row["task"], row["prompt"]]
        a, b = ({"size": size, "counts": text.encode()} for text in (truth["truth"], given["mask"]))
        assert row["iou"] == pytest.approx(float(coco.iou([b], [a], [False])[0, 0]), abs=1e-12)
        assert row["intersection_px"] == int(coco.area(coco.merge([a, b], intersect=True)))
        assert row["union_px"] == int(coco.area(coco.merge([a, b])))
        assert row["dice"] == pytest.approx(2 * row["intersection_px"] / (int(coco.area(a)) + int(coco.area(b))))


def test_the_truth_that_was_stored_is_the_mask_that_was_read(finished):
    """To the pixel."""
    for row in rows(finished, "objects"):
        labels = np.asarray(Image.open(finished / "data/masks" / row["image"]))
        size = [row["height"], row["width"]]
        truth = coco.decode({"size": size, "counts": row["truth"].encode()})
        assert (truth == (labels == {"disc": 1, "ring": 2}[row["task"]])).all()
        assert row["object_px"] == truth.sum()


def test_a_row_says_how_it_was_made(finished):
    """Its part's footer names model, weights, device and versions."""
    (file, *_) = (finished / "results/iou").iterdir()
    footer = json.loads(pq.read_schema(file).metadata[b"medsam_job"])
    assert footer["part"] == file.stem
    assert footer["model"] == "lite"
    assert len(footer["weights"]) == 64
    assert {"device", "torch", "precision", "batch", "seconds"} <= set(footer)
    assert (finished / "results/predictions" / footer["predictions"]).exists()


def test_the_manifest_says_what_was_run(finished):
    """The spec, versions, counts, seconds by stage."""
    (account,) = json.loads((finished / "results/manifest.json").read_text())["runs"]
    assert account["study"] == "small"
    assert account["spec"]["seed"] == 3
    assert account["full_run"] is True
    assert account["counts"] == {"parts": 1, "parts_before": 0, "images": 3, "objects": 6, "rows": 12}
    assert set(account["seconds"]) == {"load models", "encode", "evaluate", "write"}
    assert account["versions"]["torch"]


def test_the_summary_is_there_for_people_and_programs(finished):
    """CSV and Parquet of the same figures."""
    table = pq.read_table(finished / "results/summary/overall_scores.parquet").to_pylist()
    lines = (finished / "results/summary/overall_scores.csv").read_text().splitlines()
    assert len(lines) == 1 + len(table) == 3
    assert {row["tasks"] for row in table} == {2}


def test_a_second_run_does_nothing_and_says_so(finished, run, capfd):
    """No part, no object and no account is written again; the statistics are computed anew."""
    before = snapshot(finished, "plan", "objects", "excluded", "iou", "predictions", "manifests")
    assert run(finished / "study.yaml") == 0
    assert "nothing to do" in capfd.readouterr().err
    assert snapshot(finished, "plan", "objects", "excluded", "iou", "predictions", "manifests") == before


def test_the_statistics_run_without_images(finished, run, tmp_path, capfd):
    """On stored rows and the plan alone."""
    (finished / "data").rename(tmp_path / "away")
    try:
        assert run(finished / "study.yaml", "--only", "statistics") == 0
    finally:
        (tmp_path / "away").rename(finished / "data")
    assert "mean of tasks" in capfd.readouterr().out


def test_a_published_column_that_nothing_stands_beside_is_named(finished, run, tmp_path, capfd):
    """The names of a study's own data set are not those of the publication."""
    spec = tmp_path / "beside.yaml"
    spec.write_text(
        (finished / "study.yaml").read_text().replace("lite_medsam\n", "lite_medsam\n    published: sam_vit_h\n")
    )
    assert run(spec, "--only", "statistics") == 0
    assert "Nothing of lite stands beside the published sam_vit_h" in " ".join(capfd.readouterr().out.split())


def test_statistics_of_a_study_that_never_ran_are_refused(tmp_path, run, capfd):
    """With what to do."""
    assert run(write_study(tmp_path), "--only", "statistics") == 2
    assert "holds no plan of this spec; run the study first" in capfd.readouterr().err


def test_a_run_is_the_same_twice(finished, run, tmp_path):
    """Rows equal to the last bit, in another output."""
    assert run(finished / "study.yaml", "--output", tmp_path / "results") == 0
    for table in ("iou", "predictions", "objects"):
        assert rows(tmp_path, table) == rows(finished, table)


def test_predict_and_statistics_can_be_run_apart(tmp_path, run):
    """The first writes no summary."""
    spec = write_study(tmp_path, cases=1)
    assert run(spec, "--only", "predict") == 0
    assert not (tmp_path / "results/summary").exists()
    assert run(spec, "--only", "statistics") == 0
    assert (tmp_path / "results/summary/task_scores.csv").exists()


def test_an_added_image_runs_alone(tmp_path, run, capfd):
    """What is done is done."""
    spec = write_study(tmp_path, cases=9)
    assert run(spec) == 0
    done = set((tmp_path / "results/iou").iterdir())
    draw_case(tmp_path / "data", "new.png", seed=77)
    assert run(spec) == 0
    assert "inputs changed since the last plan" in capfd.readouterr().err
    assert len(done - set((tmp_path / "results/iou").iterdir())) == 0
    account = json.loads((tmp_path / "results/manifest.json").read_text())["runs"][-1]
    assert account["counts"]["images"] <= 5
    summary = pq.read_table(tmp_path / "results/summary/overall_scores.parquet").to_pylist()
    assert {row["objects"] for row in summary} == {20}


def test_an_added_block_runs_alone(tmp_path, run):
    """The images' other rows stay as they are."""
    spec = write_study(tmp_path, cases=1)
    run(spec)
    done = snapshot(tmp_path, "iou")
    spec.write_text(spec.read_text().replace("seed: 3", "  - modes: [largest_box]\nseed: 3"))
    assert run(spec) == 0
    assert len(rows(tmp_path, "iou")) == 6
    assert all(path.stat().st_mtime_ns == time for path, time in done.items())


def test_a_renamed_study_finds_its_work_done(tmp_path, run, capfd):
    """The name determines nothing."""
    spec = write_study(tmp_path, cases=1)
    run(spec)
    spec.write_text(spec.read_text().replace("study: small", "study: grown"))
    assert run(spec) == 0
    assert "nothing to do" in capfd.readouterr().err


def test_a_limited_run_is_marked(tmp_path, run):
    """It is no full run, and does not stand in for one."""
    spec = write_study(tmp_path)
    assert run(spec, "--limit", "1") == 0
    (account,) = json.loads((tmp_path / "results/manifest.json").read_text())["runs"]
    assert (account["full_run"], account["limit"], account["counts"]["images"]) == (False, 1, 1)
    assert run(spec) == 0
    assert json.loads((tmp_path / "results/manifest.json").read_text())["runs"][-1]["counts"]["images"] == 3


def spoil(data):
    """Add every kind of file that cannot be used; give how many images are bad."""
    good = (data / "images/case0.png").read_bytes()
    mask = (data / "masks/case0.png").read_bytes()
    bad = {
        "truncated.png": good[: len(good) // 2],
        "zero.png": b"",
        "text.png": b"not an image",
        "maskless.png": good,
        "sized.png": good,
        "allzero.png": good,
    }
    for name, content in bad.items():
        (data / "images" / name).write_bytes(content)
        if name != "maskless.png":
            (data / "masks" / name).write_bytes(mask)
    Image.fromarray(np.zeros((9, 9), np.uint8)).save(data / "masks/sized.png")
    Image.fromarray(np.zeros((48, 48), np.uint8)).save(data / "masks/allzero.png")


def test_bad_files_are_in_the_ledger_and_stop_nothing(tmp_path, run, capfd):
    """The good ones are evaluated; the exit code says that something was wrong, also on an idle second run."""
    spec = write_study(tmp_path, cases=2)
    spoil(tmp_path / "data")
    assert run(spec) == 3
    assert len(rows(tmp_path, "objects")) == 4
    left_out = {row["image"]: row["kind"] for row in rows(tmp_path, "excluded")}
    assert left_out == {
        "truncated.png": "error", "zero.png": "error", "text.png": "error", "maskless.png": "error",
        "sized.png": "error", "allzero.png": "empty",
    }  # fmt: skip
    assert "Traceback" not in capfd.readouterr().err
    assert run(spec) == 3


def test_validate_lists_bad_files_before_any_work(tmp_path, run, capfd):
    """Single files are no fault of the spec."""
    spec = write_study(tmp_path, cases=2)
    spoil(tmp_path / "data")
    assert run("validate", spec) == 0
    out = capfd.readouterr().out
    for name in ("truncated.png", "zero.png", "text.png", "maskless.png", "sized.png"):
        assert name in out
    assert "the spec is sound; 5 files would be left out" in out
    assert not (tmp_path / "results/iou").exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("images/*.png", "images/*.jpg"), "study.yaml:6:5: datasets[0].images: no file matches this pattern"),
        (("{data}/images", "{data}/nowhere"), "no file matches this pattern"),
        (("disc: 1", "disc: 7"), "no image holds an object of this task"),
        (("family: lite_medsam", "family: lite_medsam\n    checkpoint: none.pth"), "no checkpoint: none.pth"),
        (("family: lite_medsam", f"family: lite_medsam\n    sha256: {'0' * 64}"), "models[0].sha256: expected"),
        (("[whole_box, each_box]", "[whole_box, each_point]"), "lite takes no points"),
        (("device: cpu", "device: cuda:7"), "cuda:7"),
        (("study: small", "study: ../small"), "study: "),
    ],
    ids=["pattern", "folder", "label", "checkpoint", "hash", "prompts", "device", "name"],
)
def test_what_a_user_can_mend_is_said_in_a_line_with_exit_code_2(tmp_path, run, capfd, change, expected):
    """With the place in the spec, and no traceback."""
    spec = write_study(tmp_path, cases=1, text=SPEC.replace(*change))
    assert run(spec) == 2
    err = capfd.readouterr().err
    assert expected in err
    assert "Traceback" not in err


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04 cut short"], ids=["empty", "text", "truncated"])
def test_damaged_weights_are_said_at_the_start(tmp_path, run, capfd, content):
    """Before any image is read; nothing is stored."""
    (tmp_path / "weights.pth").write_bytes(content)
    own = f"family: lite_medsam\n    checkpoint: {tmp_path}/weights.pth"
    assert run(write_study(tmp_path, cases=1, text=SPEC.replace("family: lite_medsam", own))) == 2
    err = capfd.readouterr().err
    assert "weights.pth" in err
    assert "Traceback" not in err
    assert not (tmp_path / "results/objects").exists()


def test_validate_finds_a_label_that_occurs_nowhere(tmp_path, run, capfd):
    """Before any model runs."""
    assert run("validate", write_study(tmp_path, text=SPEC.replace("ring: 2", "ring: 9"))) == 2
    assert "tasks.ring: no object of this task in 3 of 3 images: check its label values" in capfd.readouterr().out


def test_an_output_that_cannot_be_written_is_said_at_the_start(tmp_path, run, capfd):
    """Here a file stands where the folder should be."""
    spec = write_study(tmp_path, cases=1)
    (tmp_path / "results").write_text("in the way")
    assert run(spec) == 2
    assert f"output {tmp_path / 'results'} is not writable" in capfd.readouterr().err


def test_plan_shows_what_would_run_and_what_is_done(finished, run, capfd):
    """For programs as JSON."""
    assert run("plan", finished / "study.yaml", "--format", "json") == 0
    figures = json.loads(capfd.readouterr().out)
    assert (figures["raw_slices"], figures["chunks"], figures["parts"], figures["parts_left"]) == (3, 1, 1, 0)
    assert figures["episodes_at_most"] == {"lite": 12}


def test_plan_writes_nothing(tmp_path, run):
    """It only looks."""
    run("plan", write_study(tmp_path))
    assert not (tmp_path / "results").exists()


def test_a_mistyped_command_is_recognised(run, capfd):
    """It would otherwise be taken for a spec."""
    assert run("valdate") == 2
    assert "did you mean the command 'validate'?" in capfd.readouterr().err


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["validate"], ["run", "--only", "statistics"]])
def test_a_spec_that_is_not_in_its_store_is_said_in_a_line(run, capfd, command):
    """By every command that takes one."""
    assert run(*command, "memory://none/my.yaml") == 2
    assert capfd.readouterr().err == "memory://none/my.yaml: cannot read: nothing is there\n"


def test_options_may_stand_before_the_spec(finished, run):
    """As people type them."""
    assert run("--only", "statistics", finished / "study.yaml") == 0


def test_help_and_version_need_no_heavy_library(run, capfd, monkeypatch):
    """They answer at once."""
    monkeypatch.setitem(sys.modules, "job.cli", None)
    assert run("--version") == 0
    assert run("--help") == 0
    assert "SPEC" in capfd.readouterr().out


def test_what_is_logged_while_reading_ahead_names_study_and_chunk():
    """Threads say what those who gave them their work say."""
    with bound_contextvars(study="s", chunk="c"), threads(1) as pool:
        told = pool.submit(get_contextvars).result()
    assert told.items() >= {"study": "s", "chunk": "c"}.items()
