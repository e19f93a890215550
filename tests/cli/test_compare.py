"""`medsam-job compare`: what changed between two outputs. Studies of eight images of two tasks, by a quick model."""

import csv
import io
from functools import partial
from itertools import product

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.cases import SPEC, medsam_job, use_fake_models, write_study

STUDY = SPEC.replace("family: lite_medsam", "family: lite_medsam_clicks").replace(
    "modes: [whole_box, each_box]", "modes: [whole_box]\n  - clicks: {{protocol: ritm, max: 3}}"
)
OBJECT = ("dataset", "image", "axis", "slice", "task")
RUN = ("prompt", "protocol", "mask_choice", "step", "seed")


@pytest.fixture
def job(monkeypatch, capfd):
    """Return a function that runs the command line with quick models and returns what it prints."""
    use_fake_models(monkeypatch)

    def run(*arguments, code=0):
        capfd.readouterr()
        assert medsam_job(monkeypatch, *arguments) == code
        return capfd.readouterr()

    return run


@pytest.fixture
def study(tmp_path, ran):
    """Return a function that makes the output of a study, with changes of its text, in a folder of this name."""

    def output(name, *changes, cases=8, arguments=()):
        ran(tmp_path, STUDY, *changes, cases=cases, arguments=arguments, results=name)
        return tmp_path / name

    return output


@pytest.fixture
def predicted(study):
    """Return the like of `study` for outputs without a summary, which only the first of those compared needs."""
    return partial(study, arguments=("--only", "predict"))


@pytest.fixture
def changed(job):
    """Return a function that compares outputs and returns the changes by task as dicts of numbers and texts."""

    def rows(*arguments):
        return list(csv.DictReader(io.StringIO(job("compare", *arguments, "--format", "csv").out)))

    return rows


@pytest.fixture
def two(study):
    """The outputs of two runs of one study, whose images are scaled in two ways."""
    return study("a"), study("b", ("minmax", "max"))


def scores(output, column="iou"):
    """Read scores by object and run."""
    rows = [row for file in (output / "iou").iterdir() for row in pq.read_table(file).to_pylist()]
    return {tuple(row[name] for name in (*OBJECT, *RUN)): row[column] for row in rows}


def by_hand(before, after, column="iou"):
    """Compute the mean of both sides and of the differences, by task, prompt and step, from the files."""
    ours, theirs = scores(after, column), scores(before, column)
    sides = {}
    for key in ours.keys() & theirs.keys():
        task, prompt, step = key[4], key[5], key[8]
        sides.setdefault((task, prompt, step), []).append((ours[key], theirs[key]))
    return {
        key: (*np.mean(pairs, axis=0), np.mean(np.subtract(*zip(*pairs, strict=True)))) for key, pairs in sides.items()
    }


@pytest.mark.parametrize("measure", ["iou", "dice"])
def test_differences_are_those_of_the_stored_scores(two, changed, measure):
    """By task, mode and click: means of both sides, and of the paired differences."""
    names = ("model_mean", "baseline_mean", "mean_difference")
    found = {
        (row["task"], row["prompt"], int(row["step"])): tuple(float(row[name]) for name in names)
        for row in changed(*two)
        if row["measure"] == measure
    }
    expected = by_hand(*two, measure)
    assert found.keys() == expected.keys()
    assert len(found) == 8
    for key, values in expected.items():
        assert found[key] == pytest.approx(values, abs=1e-9)
    assert any(difference for *_, difference in expected.values())


def test_boundary_metrics_are_compared_where_both_outputs_have_them(study, changed):
    """Those of the last click, by task."""
    metrics = ("execution:", "statistics: {metrics: [nsd]}\nexecution:")
    outputs = study("a", metrics), study("b", metrics, ("minmax", "max"))
    values = []
    for output in outputs:
        rows = [row for file in (output / "boundary").glob("*.parquet") for row in pq.read_table(file).to_pylist()]
        values.append(np.mean([row["value"] for row in rows if (row["task"], row["step"]) == ("ring", 3)]))
    last_click = ("NSD 2 px", "ring", "3")
    (row,) = (row for row in changed(*outputs) if tuple(row[n] for n in ("measure", "task", "step")) == last_click)
    assert float(row["mean_difference"]) == pytest.approx(values[1] - values[0])
    assert values[1] != values[0]


def test_the_clusters_are_the_patients_of_the_spec(two, changed):
    """Their signs flip: of all 256 flips of eight patients, the share whose mean is as far from 0."""
    first_click = ("iou", "ring", "clicks", "1")
    (row,) = (
        row for row in changed(*two) if tuple(row[n] for n in ("measure", "task", "prompt", "step")) == first_click
    )
    ours, theirs = scores(two[1]), scores(two[0])
    differences = [ours[key] - theirs[key] for key in ours if (key[4], key[5], key[8]) == ("ring", "clicks", 1)]
    flipped = np.array(list(product((1, -1), repeat=8))) @ differences
    assert (row["cluster"], row["clusters"]) == ("patient", "8")
    assert float(row["p"]) == pytest.approx(np.mean(np.abs(flipped) >= abs(sum(differences)) - 1e-9))


def test_without_patients_in_the_spec_images_are_the_clusters(study, predicted, changed):
    """The summary of the first output says so."""
    patient = ('    patient: "{stem}"\n', "")
    outputs = study("a", patient), predicted("b", patient, ("minmax", "max"))
    assert {row["cluster"] for row in changed(*outputs)} == {"image"}


def test_the_settings_are_those_of_the_first_output(study, job, tmp_path):
    """Its last statistics count, whatever those of the other."""
    before, spec = study("a"), tmp_path / "study.yaml"
    spec.write_text(spec.read_text().replace("execution:", "statistics: {confidence: 0.9}\nexecution:"))
    job(spec, "--only", "statistics")
    outputs = before, study("b", ("minmax", "max"))
    assert "Intervals (90 %)" in job("compare", *outputs).out
    assert "Intervals (95 %)" in job("compare", *reversed(outputs)).out


def test_the_table_shows_each_run_over_tasks_and_by_task(two, job):
    """Means before and after, the difference with its interval, and how many tasks changed."""
    text = job("compare", *two, "--all").out
    assert "b minus a: lite; 16 objects in both with the same truth" in text
    assert "b/lite minus a/lite · clicks by ritm · mask choice: score · mean IoU" in text
    expected = by_hand(*two)
    before, after = (np.mean([expected[task, "clicks", 3][side] for task in ("disc", "ring")]) for side in (1, 0))
    (row,) = (line.split() for line in text.splitlines() if line.startswith(f" 3       {before:.4f}"))
    assert row[1:4] == [f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f}"]
    assert row[-1].endswith("/2")
    assert sum(line.startswith(" Discs") for line in text.splitlines()) == 8


def test_tasks_without_an_interval_are_not_listed(study, predicted, job):
    """Four patients have none, so that nothing is claimed; `--all` lists them with a dash."""
    outputs = study("a", cases=4), predicted("b", ("minmax", "max"), cases=4)
    text = job("compare", *outputs).out
    assert text.count("by task: no interval excludes 0") == 2
    assert "Discs  " not in text
    assert "0/2" in text
    listed = [line.split() for line in job("compare", *outputs, "--all").out.splitlines() if line.startswith(" Discs")]
    assert len(listed) == 8
    assert {line[-1] for line in listed} == {"–"}


def test_a_task_of_few_patients_has_no_part_in_the_means_over_tasks(job, tmp_path):
    """As it has none in their interval; it is named. Here half of the images have no disc."""
    spec = write_study(tmp_path, cases=8, text=STUDY)
    for number in range(4):
        mask = tmp_path / f"data/masks/case{number}.png"
        Image.fromarray(np.where(np.asarray(Image.open(mask)) == 1, 0, np.asarray(Image.open(mask)))).save(mask)
    job(spec, "--output", tmp_path / "c")
    spec.write_text(spec.read_text().replace("scale: minmax", "scale: max"))
    job(spec, "--output", tmp_path / "d", "--only", "predict")
    text = job("compare", tmp_path / "c", tmp_path / "d").out
    after, before, difference = by_hand(tmp_path / "c", tmp_path / "d")["ring", "clicks", 3]
    assert f" 3       {before:.4f}  {after:.4f}     {difference:+.4f}" in text
    assert "Tasks of fewer have no part in the means over tasks: Discs: disc." in " ".join(text.split())


def test_only_tasks_whose_interval_excludes_0_are_listed(two, changed, job):
    """As many as the rows say."""
    rows = [row for row in changed(*two) if row["measure"] == "iou"]
    excluding = [row for row in rows if float(row["low"]) > 0 or float(row["high"]) < 0]
    listed = [line for line in job("compare", *two).out.splitlines() if line.startswith(" Discs")]
    assert 0 < len(listed) == len(excluding) < len(rows)


def test_a_renamed_model_is_compared_with_the_one_that_the_user_names(study, predicted, changed, job):
    """Nothing is guessed: without it, the message says how."""
    outputs = study("a"), predicted("b", ("name: lite", "name: new"), ("minmax", "max"))
    assert "no model of a has its name in b" in (error := job("compare", *outputs, code=2).err)
    assert "--model lite=new" in error
    assert {(row["model"], row["baseline"]) for row in changed(*outputs, "--model", "lite=new")} == {
        ("b/new", "a/lite")
    }


def test_models_without_a_counterpart_are_named(study, predicted, job, tmp_path):
    """Beside those that are compared, with the way to compare them too."""

    def add(name):
        (tmp_path / name).write_text(name)
        model = f"  - {{name: {name}, family: lite_medsam_clicks, checkpoint: {tmp_path}/{name}}}\nprompts:"
        return ("prompts:", model)

    lines = job("compare", study("a", add("old")), predicted("b", add("new"))).out.splitlines()
    assert "only in a, not compared: old" in lines
    assert "only in b, not compared: new" in lines
    assert "to compare models of different names: --model old=new" in lines


def test_equal_parts_are_counted(study, predicted, job, changed):
    """A second output of the same spec: nothing changed, and nothing is tested."""
    outputs = study("a"), predicted("b", ("study: small", "study: other"))
    assert "8 of 8 parts of b have the same name in a, and so the same rows" in job("compare", *outputs).out
    rows = changed(*outputs)
    assert {(float(row["mean_difference"]), row["p"]) for row in rows} == {(0.0, "")}


def test_objects_with_another_truth_are_named_and_left_out(study, changed, tmp_path, job):
    """So are those that one output alone has, and those of an image of another size."""
    before, spec = study("a"), write_study(tmp_path, cases=8, text=STUDY)
    mask = tmp_path / "data/masks/case2.png"
    labels = np.asarray(Image.open(mask)).copy()
    labels[np.nonzero(labels == 1)[0][0]] = 0
    Image.fromarray(labels).save(mask)
    for kind in ("images", "masks"):
        path = tmp_path / f"data/{kind}/case5.png"
        Image.open(path).crop((0, 0, 48, 47)).save(path)
        (tmp_path / f"data/{kind}/case7.png").unlink()
    job(spec, "--output", tmp_path / "c", "--only", "predict")
    remarks = job("compare", before, tmp_path / "c", "--format", "json").err.splitlines()
    assert "not compared, another truth: 1 object of Discs: disc, such as case2.png" in remarks
    assert "not compared, image of another size: 1 object of Discs: ring, such as case5.png" in remarks
    assert "not compared, only in a: 1 object of Discs: ring, such as case7.png" in remarks
    rows = changed(before, tmp_path / "c")
    assert {row["task"]: row["objects"] for row in rows if row["measure"] == "iou"} == {"disc": "5", "ring": "5"}


def test_runs_without_a_counterpart_are_named(study, predicted, job):
    """Here the clicks of another protocol."""
    lines = job("compare", study("a"), predicted("b", ("protocol: ritm", "protocol: mazurowski2023"))).out.splitlines()
    for model, protocol in (("a/lite", "ritm"), ("b/lite", "mazurowski2023")):
        assert f"no counterpart, not compared: {model}, clicks, {protocol}, mask choice score, seed 3" in lines


def test_outputs_without_a_run_in_common_are_refused(study, predicted, job):
    """Here each has a seed of its own."""
    outputs = study("a"), predicted("b", ("seed: 3", "seed: 4"))
    assert "expected a prompt, protocol, mask choice and seed that both have" in job("compare", *outputs, code=2).err


def test_outputs_without_an_object_in_common_are_refused(study, predicted, job):
    """With the number of those that each has."""
    outputs = study("a"), predicted("b", ("name: Discs", "name: Others"))
    assert "Discs: disc, 8 only before" in job("compare", *outputs, code=2).err


def test_other_settings_are_named(study, predicted, job, tmp_path):
    """Weights, batch and precision."""
    (tmp_path / "weights").write_text("other")
    weights = ("family: lite_medsam_clicks", f"family: lite_medsam_clicks\n    checkpoint: {tmp_path}/weights")
    outputs = study("a"), predicted("b", weights, ("chunk: 4", "chunk: 4, batch: 2"))
    lines = job("compare", *outputs).out.splitlines()
    assert "batch: 32 in a, 2 in b" in lines
    assert "b/lite has other weights than a/lite" in lines


def test_a_part_that_is_missing_is_counted(two, job):
    """Its objects have no scores to be compared with."""
    max((two[1] / "iou").iterdir(), key=lambda path: pq.read_metadata(path).num_rows).unlink()
    lines = job("compare", *two).out.splitlines()
    assert "b is incomplete: 1 part missing" in lines
    assert any(line.startswith("b/lite has no scores of 4 objects of Discs: disc (") for line in lines)


def test_outputs_of_one_name_need_an_alias(study, predicted, job, tmp_path):
    """The message has one for each."""
    outputs = study("x/run"), predicted("run", ("minmax", "max"))
    error = job("compare", *outputs, code=2).err
    assert f"two outputs have the name run: name each, such as `medsam-job compare a={outputs[0]} b=" in error
    assert "new minus old: lite" in job("compare", f"old={outputs[0]}", f"new={outputs[1]}").out


def test_two_plans_of_one_output_are_compared(study, job, tmp_path):
    """Each by an alias. The first plan keeps its place, as its study is finished."""
    output = study("a")
    (first,) = (output / "plan").glob("*.json")
    spec = tmp_path / "study.yaml"
    spec.write_text(spec.read_text().replace("minmax", "max"))
    job(spec)
    (second,) = set((output / "plan").glob("*.json")) - {first}
    plans = "--plan", f"x={first.stem[:8]}", "--plan", f"y={second.stem}"
    assert "y minus x: lite; 16 objects" in job("compare", f"x={output}", f"y={output}", *plans).out


def test_each_further_output_is_compared_with_the_first(two, predicted, changed):
    """The rows of all comparisons follow each other."""
    third = predicted("c", ("intensity: {scale: minmax}", "intensity: {window: [40, 200]}"))
    models = [(row["model"], row["baseline"]) for row in changed(*two, third)]
    assert list(dict.fromkeys(models)) == [("b/lite", "a/lite"), ("c/lite", "a/lite")]


def test_an_output_without_a_summary_is_refused(two, job):
    """If it is the first: its summary has the settings."""
    (two[0] / "summary/plan.json").unlink()
    error = job("compare", *two, code=2).err
    assert f"{two[0]}: holds no summary that states its settings" in error
    job("compare", *reversed(two))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "lite"], "--model: expected BEFORE=AFTER; got lite"),
        (["--model", "other=lite"], "--model: expected models of the first output: lite; got other"),
        (["--model", "lite=other"], "--model: no output has other (b has lite)"),
        (["--plan", "c=12"], "--plan: expected the name of an output, a or b; got c"),
        (["--plan", "a=zz"], "--plan: expected one of"),
    ],
)
def test_options_that_name_nothing_are_refused(options, message, two, job):
    """With what there is."""
    assert message in job("compare", *two, *options, code=2).err


def test_one_output_is_too_few(job, tmp_path):
    """There is nothing to compare it with."""
    assert "expected two outputs or more" in job("compare", tmp_path, code=2).err


def test_models_that_have_seen_the_data_are_named_with_their_output(study, job):
    """By what each study says: of one, the data set; of the other, only that it is not zero-shot."""
    before = study("a", ("name: lite\n", "name: lite\n    trained_on: [discs]\n"))
    after = study("b", ("name: lite\n", "name: lite\n    zero_shot: no\n"), ("minmax", "max"))
    printed = " ".join(job("compare", before, after).out.split())
    assert "Trained on data of this study: a/lite (Discs); b/lite (not said which)." in printed
