"""The tables on a terminal of 80 columns: no figure is cut, and the comparison names who stays ahead."""

import re

import pytest
from rich.console import Console

from job.plan.file import PlannedModel
from job.report.terminal import render
from job.statistics import Summary
from tests.statistics import tables

MODES = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")


def drawn(rows, *, models=None, compare=None):
    """Return the text of the tables of some rows, 80 columns wide."""
    marts = tables.mart_tables(rows, of=tables.study(compare=compare), models=models)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(render(Summary(marts=marts, parts_done=1, parts_planned=1)))
    return captured.get()


@pytest.mark.parametrize("clicks", [9, 20])
def test_no_figure_is_cut(clicks):
    """Some clicks and the last are shown, each with four decimals."""
    ious = [step / 100 for step in range(1, clicks + 1)]
    text = drawn(tables.click_rows(ious, task="white matter", model="lite_medsam_clicks"))
    assert "…" not in text
    shown = [step for step in (1, 2, 3, 5, 9, 20) if step <= clicks]
    assert re.findall(r"0\.\d{4}", text)[: len(shown)] == [f"{step / 100:.4f}" for step in shown]


def test_modes_stand_in_the_published_order():
    """All five fit into 80 columns."""
    text = drawn([tables.iou_row(task="white matter", iou=0.5, prompt=mode) for mode in reversed(MODES)])
    heads = [line for line in text.splitlines() if "point" in line or "largest_" in line]
    assert heads[0].split() == ["largest_", "each_", "largest_", "each_", "whole_"]
    assert heads[1].split()[-5:] == ["point", "point", "box", "box", "box"]
    assert text.count("0.5000") == 10


def test_the_comparison_names_the_click_from_which_the_baseline_stays_ahead():
    """In the caption of the run's table."""
    rows = [
        *tables.click_rows([0.5, 0.5, 0.5], model="sam", choice="first"),
        *tables.click_rows([0.4, 0.6, 0.7], model="ritm", choice="single"),
    ]
    text = drawn(rows, compare=("sam", "ritm"))
    assert "sam minus ritm" in text
    assert "ritm is ahead from click 2 on" in text
    assert re.findall(r"[+-]0\.\d{4}", text) == ["+0.1000", "-0.1000", "-0.2000"]


def test_several_seeds_have_a_table_each_whose_title_names_the_seed():
    """Each with its own means, differences and crossing."""
    rows = []
    for seed, ritm in ((3, [0.25, 0.75]), (14, [0.125, 0.375])):
        rows += tables.click_rows([0.5, 0.5], model="sam", choice="first", seed=seed)
        rows += tables.click_rows(ritm, model="ritm", choice="single", seed=seed)
    text = " ".join(drawn(rows, compare=("sam", "ritm")).split())
    titles = re.findall(r"(\S+) · clicks by ritm · mask choice: (\w+) · seed (\d+) · mean IoU", text)
    assert titles == [
        ("ritm", "single", "3"), ("ritm", "single", "14"), ("sam", "first", "3"), ("sam", "first", "14"),
        ("ritm", "first", "3"), ("ritm", "first", "14"),
    ]  # fmt: skip
    assert re.findall(r"[+-]0\.\d{4}", text) == ["+0.2500", "-0.2500", "+0.3750", "+0.1250"]
    assert text.count("ritm is ahead from click 2 on") == 1
    assert text.index("ritm is ahead") < text.index("+0.3750")


def test_the_title_of_a_study_with_one_seed_does_not_name_it():
    """Whatever the seed."""
    assert "seed" not in drawn([tables.iou_row(seed=7)])


@pytest.mark.parametrize(
    ("images", "interval"),
    [(1, "–"), (2, "+0.1000 to +0.1000*"), (10, "+0.1000 to +0.1000")],
    ids=["one cluster", "few clusters", "ten clusters"],
)
def test_intervals_of_few_clusters_are_marked(images, interval):
    """No interval: a dash. Fewer than ten clusters: a star."""
    rows = [
        tables.iou_row(iou=iou, model=model, image=str(image))
        for image in range(images)
        for model, iou in (("sam", 0.5), ("ritm", 0.4))
    ]
    text = drawn(rows, compare=("sam", "ritm"))
    (line,) = [line for line in text.splitlines() if line.split()[:1] == ["whole_box"]]
    assert re.split(r"  +", line.strip())[4] == interval
    assert "Intervals: bootstrap by patient; * fewer than ten; – fewer than two in a task." in " ".join(text.split())


def test_a_study_without_rows_has_no_tables():
    """It has not begun."""
    assert drawn([]).strip() == "no rows yet"


def test_models_with_demo_weights_are_named_below_the_tables():
    """A study of other weights has no such remark."""
    rows = [tables.iou_row()]
    assert "Demo weights: m. " in drawn(rows, models={"m": PlannedModel(sha256="a" * 64, purpose="demo")})
    assert "Demo weights" not in drawn(rows, models={"m": PlannedModel(sha256="0" * 64, purpose=None)})
