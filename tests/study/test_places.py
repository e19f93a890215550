"""Values and places in faults: a value is short, printable and without secrets; a place is a line and a column."""

import pytest

from job.errors import Fault, SpecError
from job.study.addresses import without_secrets
from job.study.load import load
from job.study.yaml_source import Place, YamlSource, character_fault, shorten
from tests.study.small import only_fault


def test_a_value_has_at_most_80_characters():
    """A longer one ends with an ellipsis, which is one of them."""
    assert shorten("x" * 80) == "x" * 80
    assert shorten("x" * 81) == "x" * 79 + "…"


def test_a_value_that_is_not_printable_is_quoted_and_escaped():
    """A fault stays one line."""
    assert shorten("a\nb") == r"'a\nb'"


def test_users_passwords_and_queries_are_replaced_by_an_ellipsis():
    """The rest of the address is shown."""
    assert without_secrets("https://user:hush@host/a.png?token=hush") == "https://…@host/a.png?…"
    assert without_secrets("s3://bucket/case?.png") == "s3://bucket/case?.png"


def test_a_syntax_error_has_its_line_and_column():
    """Of the bracket that does not close the list."""
    fault = only_fault("study: small\nseed: [1, }\n")
    assert fault == "s.yaml:2:11: not valid YAML: expected the node content, but found '}'"


def test_the_words_of_the_parser_are_cut_at_200_characters():
    """They contain the text of the file, here the name of an alias."""
    words = only_fault("a: *" + "x" * 300).partition("not valid YAML: ")[2]
    assert words == ("found undefined alias '" + "x" * 300)[:199] + "…"


@pytest.mark.parametrize(("before", "line", "column"), [("", 1, 1), ("ab", 1, 3), ("ab\n", 2, 1), ("ab\ncde\nf", 3, 2)])
def test_the_place_of_a_forbidden_character_is_counted_from_the_text_before_it(before, line, column):
    """Lines and columns are counted from 1."""
    expected = Fault(file="s.yaml", line=line, column=column, field="", expected="not readable as YAML: a bell")
    assert character_fault("s.yaml", before, "a bell") == expected


def test_a_path_that_no_system_can_open_is_a_fault():
    """It contains a zero byte."""
    with pytest.raises(SpecError, match=r"cannot be read: .*null"):
        load("a\0b")


@pytest.mark.parametrize("path", [("tasks", 0, "organ"), ("tasks", 0, "organ", "label")])
def test_the_fault_of_an_absent_value_is_at_the_nearest_value_above_it(path):
    """Here the first task, not the list of tasks."""
    lines = {(): (1, 1), ("tasks",): (2, 1), ("tasks", 0): (3, 5)}
    source = YamlSource("s.yaml", places={key: Place("s.yaml", *place) for key, place in lines.items()})
    assert str(source.fault(path, "expected a label")) == "s.yaml:3:5: tasks[0]: expected a label"
