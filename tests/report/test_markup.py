"""Tables as Markdown and LaTeX: floats with four decimals, numbers to the right, and every sign as itself."""

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from job.report.markup import latex_lines, markdown_lines

SCORES = pa.table(
    {
        "model": ["sam_vit_h", "ritm", None],
        "mean_iou": [0.12345, -0.5, None],
        "objects": [7, 1200, 3],
        "sum": [Decimal("-2"), Decimal("10"), None],
    }
)


def read_back(lines):
    """Return the rows of a Markdown table, headings first, as another library reads them."""
    tokens = MarkdownIt("commonmark").enable("table").parse("\n".join(lines))
    assert tokens[0].type == "table_open"
    rows = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        if token.type == "inline":
            parts = [("\n" if part.content == "<br>" else part.content) for part in token.children]
            assert {part.type for part in token.children} <= {"text", "text_special", "html_inline"}
            rows[-1].append("".join(parts))
    return rows


def test_a_markdown_table_is_padded_and_its_numbers_are_on_the_right():
    """By hand."""
    assert list(markdown_lines(SCORES)) == [
        "| model     | mean_iou | objects | sum |",
        "| --------- | -------: | ------: | --: |",
        "| sam_vit_h |   0.1235 |       7 |  -2 |",
        "| ritm      |  -0.5000 |    1200 |  10 |",
        "|           |          |       3 |     |",
    ]


def test_a_markdown_table_is_read_as_it_was():
    """Four columns of three rows below their names."""
    assert read_back(markdown_lines(SCORES)) == [
        ["model", "mean_iou", "objects", "sum"],
        ["sam_vit_h", "0.1235", "7", "-2"],
        ["ritm", "-0.5000", "1200", "10"],
        ["", "", "3", ""],
    ]


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a|b", r"a\|b"),
        ("a\\b", r"a\\b"),
        ("a\\|b", r"a\\\|b"),
        ("a\nb\r\nc\rd", "a<br>b<br>c<br>d"),
        ("_a_b_", r"\_a_b\_"),
        ("*a* `b` [c] <d> &amp; ~e~ $f$", r"\*a\* \`b\` \[c\] \<d\> \&amp; \~e\~ \$f\$"),
    ],
)
def test_signs_of_markdown_are_escaped(text, markdown):
    """In cells and in headings; an underscore within a word is none."""
    lines = list(markdown_lines(pa.table({text: [text]})))
    assert [line.strip("| ") for line in (lines[0], lines[2])] == [markdown, markdown]


@given(st.lists(st.text(st.sampled_from("ab1 \n\\|`*_[]()<>&;#~$!:-\"'"), min_size=1), min_size=2, max_size=2))
def test_any_text_of_markdown_is_read_as_it_was(texts):
    """But for spaces around it."""
    table = pa.table({"a": [texts[0], "x"], "b": ["x", texts[1]]})
    assert read_back(markdown_lines(table))[1:] == [[texts[0].strip(" "), "x"], ["x", texts[1].strip(" ")]]


def test_a_latex_table_has_the_rules_of_booktabs_and_its_numbers_on_the_right():
    """By hand."""
    assert list(latex_lines(SCORES)) == [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lrrr}",
        r"\toprule",
        r"model & mean\_iou & objects & sum \\",
        r"\midrule",
        r"sam\_vit\_h & 0.1235 & 7 & $-$2 \\",
        r"ritm & $-$0.5000 & 1200 & 10 \\",
        r" &  & 3 &  \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("# $ % & _ { }", r"\# \$ \% \& \_ \{ \}"),
        ("~ ^ \\", r"\textasciitilde{} \textasciicircum{} \textbackslash{}"),
        ("< > | `", r"\textless{} \textgreater{} \textbar{} \textasciigrave{}"),
        ("\\{}", r"\textbackslash{}\{\}"),
        ("[1pt] *", "{[}1pt{]} {*}"),
        ("a-b--c---d", "a-b-{}-c-{}-{}-d"),
        ("a\nb\r\nc", "a b c"),
    ],
)
def test_signs_of_latex_are_escaped(text, latex):
    """In cells and in headings."""
    lines = list(latex_lines(pa.table({text: [text]})))
    assert [lines[3], lines[5]] == [f"{latex} \\\\"] * 2
