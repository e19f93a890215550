"""The tables of a paper: a mean with its interval in each cell, the best in bold, the published mean beside it."""

import pytest

from job.__main__ import Shape
from job.report.paper import SHAPES
from tests.statistics.tables import click_rows, iou_row, mart_tables, study


def shaped(name, marts):
    """Return the rows of a table, and the texts of its bold cells."""
    table, bold = SHAPES[name].make(marts)
    cells = [list(row.values()) for row in table.to_pylist()]
    return table.to_pylist(), [cells[row][column] for row, column in sorted(bold)]


def test_modes_have_a_column_for_each_run_and_the_best_is_bold():
    """Six images of each model have an interval; the last row is the mean of tasks."""
    rows = [iou_row(iou=0.5, model="sam", image=image) for image in "abcdef"]
    rows += [iou_row(iou=0.25, model="ritm", choice="single", image=image) for image in "abcdef"]
    table, bold = shaped("modes", mart_tables(rows))
    assert table == [
        {"data set": name, "task": task, "mode": "whole_box", "ritm (single)": "0.2500 [0.2500, 0.2500]",
         "sam (first)": "0.5000 [0.5000, 0.5000]"}
        for name, task in (("A", "t"), ("mean of tasks", ""))
    ]  # fmt: skip
    assert bold == ["0.5000 [0.5000, 0.5000]"] * 2


def test_equal_cells_and_single_cells_are_not_bold():
    """There is no best."""
    both = [iou_row(model=model, choice="single") for model in ("sam", "ritm")]
    assert shaped("modes", mart_tables(both))[1] == shaped("modes", mart_tables(both[:1]))[1] == []


def test_the_mean_of_tasks_has_an_interval_only_if_every_task_has_one():
    """Six images of one task, one of another."""
    rows = [iou_row(image=image) for image in "abcdef"]
    table, _ = shaped("modes", mart_tables([*rows, iou_row("rare")]))
    assert [row["m (first)"] for row in table] == ["0.5000", "0.5000 [0.5000, 0.5000]", "0.5000"]


def test_the_published_mean_stands_beside_ours_and_is_never_bold():
    """Under the name of its column."""
    rows = [iou_row("SC", iou, dataset="MRI-Spine", choice=choice) for choice, iou in (("oracle", 0.1), ("first", 0.2))]
    of = study(datasets=("MRI-Spine",))
    models = tuple(model.model_copy(update={"published": "sam_vit_h"}) for model in of.models)
    table, bold = shaped("modes", mart_tables(rows, of=of.model_copy(update={"models": models})))
    assert table[0]["m (oracle)"] == "0.1000"
    assert 0.3 < float(table[0]["published sam_vit_h (oracle)"]) < 1
    assert bold == ["0.2000", "0.2000"]


def test_clicks_have_a_row_each_and_name_their_protocol():
    """Modes have no part in it."""
    table, _ = shaped("clicks", mart_tables([*click_rows([0.25, 0.5]), iou_row()]))
    assert [(row["clicks"], row["m (score, ritm)"]) for row in table] == [("1", "0.2500"), ("2", "0.5000")] * 2


def test_the_fewest_clicks_are_the_best():
    """To 0.8: two against three."""
    rows = click_rows([0.5, 0.9, 0.9], model="a") + click_rows([0.5, 0.6, 0.9], model="b")
    table, bold = shaped("noc", mart_tables(rows, of=study(noc=(0.8,))))
    assert [row["measure"] for row in table] == ["NoC3@80"] * 2
    assert bold == ["2.0000", "2.0000"]


def test_differences_stand_with_p_and_the_share_won():
    """Six images, of which each is won: 2 of 64 flips are as extreme."""
    rows = [iou_row(iou=iou, model=model, image=i) for i in "abcdef" for model, iou in (("sam", 0.5), ("ritm", 0.25))]
    table, bold = shaped("differences", mart_tables(rows, of=study(compare=("sam", "ritm"))))
    assert table[0] == {
        "contrast": "sam minus ritm", "mask choice": "first", "data set": "A", "task": "t", "prompt": "whole_box",
        "difference": "0.2500 [0.2500, 0.2500]", "p": "0.0312", "p (Holm)": "0.0312", "won": "1.0000",
    }  # fmt: skip
    assert (table[1]["data set"], table[1]["p (Holm)"], bold) == ("mean of tasks", "", [])


def test_no_p_stands_beside_a_mean_of_tasks_of_which_one_has_no_part_in_it():
    """Six images of one task, one of another."""
    rows = [iou_row(iou=iou, model=model, image=i) for i in "abcdef" for model, iou in (("sam", 0.5), ("ritm", 0.25))]
    rows += [iou_row("rare", model=model) for model in ("sam", "ritm")]
    table, _ = shaped("differences", mart_tables(rows, of=study(compare=("sam", "ritm"))))
    assert {(row["data set"], row["task"]): row["p"] for row in table} == {
        ("A", "rare"): "", ("A", "t"): "0.0312", ("mean of tasks", ""): "",
    }  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_a_study_without_rows_has_an_empty_table(name):
    """With its first columns."""
    table, bold = shaped(name, mart_tables([]))
    assert (table, bold) == ([], [])


def test_the_command_line_names_every_table():
    """It states them itself, so that its help needs no import."""
    assert {shape.value for shape in Shape} == set(SHAPES)
