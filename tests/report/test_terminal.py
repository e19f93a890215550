"""The tables on a terminal of 80 columns: nothing is cut, and the comparison says who stays ahead."""

import re

import pytest
from rich.console import Console

from job.plan.file import PlannedModel
from job.report.terminal import render
from job.statistics import Summary
from tests.statistics import tables

MODES = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")


def drawn(rows, *, models=None, compare=None):
    """Draw the tables of some rows, 80 columns wide."""
    found = tables.marts(rows, of=tables.study(compare=compare), models=models)
    marts = {name: tables.pa.Table.from_pylist(table) for name, table in found.items()}
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
    """All five fit."""
    text = drawn([tables.row(task="white matter", iou=0.5, prompt=mode) for mode in reversed(MODES)])
    heads = [line for line in text.splitlines() if "point" in line or "largest_" in line]
    assert heads[0].split() == ["largest_", "each_", "largest_", "each_", "whole_"]
    assert heads[1].split()[-5:] == ["point", "point", "box", "box", "box"]
    assert text.count("0.5000") == 10


def test_the_comparison_says_from_which_click_the_baseline_stays_ahead():
    """Below the table of the run."""
    rows = [
        *tables.click_rows([0.5, 0.5, 0.5], model="sam", choice="first"),
        *tables.click_rows([0.4, 0.6, 0.7], model="ritm", choice="single"),
    ]
    text = drawn(rows, compare=("sam", "ritm"))
    assert "sam minus ritm" in text
    assert "ritm is ahead from click 2 on" in text
    assert re.findall(r"[+-]0\.\d{4}", text) == ["+0.1000", "-0.1000", "-0.2000"]


def test_without_rows_it_says_so():
    """A study that has not begun."""
    assert drawn([]).strip() == "no rows yet"


def test_demo_weights_are_named_below():
    """By the model's name; a table of other weights says nothing."""
    rows = [tables.row()]
    assert "Demo weights: m. " in drawn(rows, models={"m": PlannedModel(sha256="a" * 64, purpose="demo")})
    assert "Demo weights" not in drawn(rows, models={"m": PlannedModel(sha256="0" * 64, purpose=None)})
