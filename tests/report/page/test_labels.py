"""What tasks, prompts and means are called, and in which order they stand."""

import pytest

from job.report.page import labels

RUN = {"model": "sam", "mask_choice": "first", "protocol": "one-shot", "seed": 0, "dataset": "A", "task": "t"}
CLICKED = {**RUN, "prompt": "clicks", "protocol": "ritm"}


def row(prompt="whole_box", step=1, **more):
    return RUN | {"prompt": prompt, "step": step} | more


@pytest.mark.parametrize(("prompt", "step", "protocol", "label"), [
    ("whole_box", 1, None, "whole_box"),
    ("clicks", 1, None, "1 click"),
    ("clicks", 9, None, "9 clicks"),
    ("clicks", 9, "ritm", "9 clicks (ritm)"),
])  # fmt: skip
def test_a_prompt_is_a_mode_or_a_number_of_clicks(prompt, step, protocol, label):
    """A protocol is named where there are several."""
    assert labels.prompting(prompt, step, protocol) == label


def test_modes_stand_in_the_published_order_before_clicks():
    """Clicks stand by their number."""
    rows = [CLICKED | {"step": 10}, CLICKED | {"step": 9}, row("whole_box"), row("largest_point")]
    prompts = [each["prompting"] for each in labels.labelled(rows)]
    assert prompts == ["largest_point", "whole_box", "9 clicks", "10 clicks"]


def test_protocols_are_told_apart_only_where_there_are_several():
    """Those of clicks; a mode has none."""
    both = [CLICKED | {"step": 1}, CLICKED | {"step": 1, "protocol": "mazurowski2023"}, row()]
    assert [each["prompting"] for each in labels.labelled(both)] == [
        "whole_box", "1 click (mazurowski2023)", "1 click (ritm)",
    ]  # fmt: skip


def test_tasks_stand_by_name_and_their_mean_last():
    """Also where a data set's name begins with a small letter."""
    rows = [row(dataset=None, task=None), row(dataset="zoo"), row(dataset="A")]
    places = {each["where"]: each["order"] for each in labels.labelled(rows)}
    assert places == {"A: t": 0, "zoo: t": 1, "mean of tasks": 2}


def test_a_mean_has_the_interval_that_is_its_own():
    """The mean of all tasks has none where a task has too few patients; that of the others has one."""
    few = {
        "few_tasks": "B: u",
        "interval_tasks": 2,
        "tasks": 3,
        "objects": 30,
        "mean_iou": 0.5,
        "interval_iou": 0.6,
        "low": 0.4,
        "high": 0.7,
    }
    means = [
        (each["over"], each["mean"], each["low"], each["tasks"], each["objects"])
        for each in labels.by_mean([few], "mean_iou", "interval_iou")
    ]
    assert means == [("all tasks", 0.5, None, 3, 30), ("tasks with an interval", 0.6, 0.4, 2, None)]


def test_a_mean_of_all_tasks_with_an_interval_stands_once():
    """Both means are one."""
    every = {
        "few_tasks": None,
        "interval_tasks": 3,
        "tasks": 3,
        "mean_iou": 0.5,
        "interval_iou": 0.5,
        "low": 0.4,
        "high": 0.7,
    }
    means = [(each["over"], each["mean"], each["low"]) for each in labels.by_mean([every], "mean_iou", "interval_iou")]
    assert means == [("all tasks", 0.5, 0.4)]


def test_a_mean_without_any_interval_stands_once():
    """Fewer than five patients in every task."""
    none = {
        "few_tasks": "A: t",
        "interval_tasks": None,
        "tasks": 1,
        "mean_iou": 0.5,
        "interval_iou": None,
        "low": None,
        "high": None,
    }
    assert [each["over"] for each in labels.by_mean([none], "mean_iou", "interval_iou")] == ["all tasks"]


def test_the_first_choice_is_the_last_prompt_that_most_models_have():
    """One has boxes alone."""
    rows = labels.labelled([row(), CLICKED | {"step": 1}, CLICKED | {"step": 1, "model": "ritm"}])
    assert labels.fullest(rows) == {"prompting": "1 click"}
    assert labels.fullest([]) == {}
