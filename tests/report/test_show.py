"""Tables for people and for programs: every value under its own name, whatever the names hold."""

import csv
import io
import json
import sys

import pyarrow as pa
import pytest

from job.report import show


@pytest.fixture
def shown(capfd, monkeypatch):
    """Return a function that writes a table and returns what was printed, to a pipe or a terminal of 60 columns."""

    def run(table, form="table", terminal=False):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
        monkeypatch.setenv("COLUMNS", "60")
        show.write(table, form)
        return capfd.readouterr().out

    return run


TWICE = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], ["iou", "iou", "iou"])


def test_columns_of_one_name_keep_their_values(shown):
    """As a join of a table with itself gives them; their names become different in every form."""
    assert shown(TWICE).split()[:3] == ["iou", "iou_b", "iou_c"]
    assert json.loads(shown(TWICE, "json")) == {"iou": 1, "iou_b": 2, "iou_c": 3}
    assert shown(TWICE, "markdown").splitlines()[0] == "| iou | iou_b | iou_c |"
    assert shown(TWICE, "latex").splitlines()[3] == r"iou & iou\_b & iou\_c \\"
    assert shown(TWICE, "csv").splitlines() == ['"iou","iou_b","iou_c"', "1,2,3"]


def test_a_new_name_is_none_that_stands_elsewhere(shown):
    """The second `a` does not become the `a_b` that is there."""
    table = pa.Table.from_arrays([pa.array([n]) for n in range(3)], ["a_b", "a", "a"])
    assert json.loads(shown(table, "json")) == {"a_b": 0, "a": 1, "a_c": 2}


def test_names_are_shown_as_they_are(shown):
    """No picture for a word between colons, no style for one in brackets, in cells and headings."""
    text = shown(pa.table({"sub:a:01": [":x: [red]b[/red]"]}))
    assert "sub:a:01" in text
    assert ":x: [red]b[/red]" in text


@pytest.mark.parametrize("form", ["table", "json", "markdown", "latex"])
def test_nothing_in_a_name_steers_the_terminal(shown, form):
    """Escape sequences, in one byte or two, and a mark that reverses the text."""
    text = shown(pa.table({"\x1b[31mname": ["a\x1b]0;title\x07b", "\x9b2Jc", "\u202etxt.exe"]}), form)
    assert not set(text) & set("\x1b\x07\x9b\u202e")


def test_a_table_that_is_too_wide_becomes_lines_of_name_and_value(shown):
    """In a terminal: so no column vanishes."""
    wide = pa.table({f"column{index}": [f"value{index}", None] for index in range(12)})
    lines = shown(wide, terminal=True).splitlines()
    assert lines[0] == "row 1"
    assert [line.split() for line in lines[1:13]] == [[f"column{index}", f"value{index}"] for index in range(12)]
    assert lines[13] == "row 2"


@pytest.mark.parametrize(("form", "around"), [("markdown", 2), ("latex", 7)])
def test_a_table_for_a_text_has_all_rows_whole(shown, form, around):
    """Each in a line, also in a narrow terminal."""
    lines = shown(pa.table({"a": ["x" * 100] * 300}), form, terminal=True).splitlines()
    assert len(lines) == 300 + around
    assert sum("x" * 100 in line for line in lines) == 300


def test_a_table_that_fits_stays_a_table(shown):
    """And so does any table in a pipe, which has no width."""
    assert "row 1" not in shown(pa.table({"a": ["x" * 50]}), terminal=True)
    assert "row 1" not in shown(pa.table({"a": ["x" * 500]}))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_a_cell_of_csv_is_no_formula(shown, text):
    """An apostrophe makes it a text; a minus within a text stays, and so do negative numbers."""
    rows = csv.reader(io.StringIO(shown(pa.table({"a": [text, "a-1"], "b": [-1, 2]}), "csv"), newline=""))
    assert list(rows)[1:] == [["'" + text, "-1"], ["a-1", "2"]]


def test_nested_values_are_json_in_a_cell_of_csv(shown):
    """Such as the points of a prediction."""
    rows = csv.reader(io.StringIO(shown(pa.table({"points": [[{"x": 1}], None]}), "csv")))
    assert list(rows)[1:] == [['[{"x": 1}]'], []]  # as pyarrow writes a row of one null
