"""Figures for a paper: as wide as its columns, with the font inside, of what the reader chose."""

import base64
import io
import re
from html import unescape

import pytest
from fontTools.ttLib import TTFont

from job.errors import JobError
from job.report.embedded_font import with_font
from job.report.figure_files import draw, listed
from job.report.page.sections import figures
from tests.report.page.made import HOSTILE, facts_of, large, small
from tests.statistics.tables import click_rows, mart_tables

MM = re.compile(r'<svg[^>]* width="([\d.]+)mm" height="([\d.]+)mm"')
BOX = re.compile(rb"/MediaBox ?\[0 0 ([\d.]+) ([\d.]+)\]")
NAMES = (
    "iou-by-task",
    "iou-by-click",
    "iou-by-click-and-task",
    "differences",
    "ahead-by-click",
    "ranks",
    "calibration",
)


@pytest.fixture(scope="module")
def known():
    """The figures of a study with everything, by name."""
    return {figure.name: figure for figure in figures(facts_of(large()))}


@pytest.mark.parametrize(("columns", "mm"), [(1, 89), (2, 183)])
@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_as_wide_as_its_columns(name, columns, mm, known):
    """SVG in millimetres and PDF in points of 1/72 inch, to half a millimetre."""
    drawn = draw(known[name], {}, columns)
    width, height = map(float, MM.search(drawn.svg).groups())
    assert width == pytest.approx(mm, abs=0.5)
    points = [float(side) / 72 * 25.4 for side in BOX.search(drawn.pdf).groups()]
    assert points == pytest.approx([width, height], abs=0.1)


def test_the_font_is_in_the_pdf(known):
    """A subset of one that any machine draws with."""
    pdf = draw(known["iou-by-click"], {}, 1).pdf
    assert b"/FontFile2" in pdf
    assert set(re.findall(rb"/FontName /[A-Z]{6}\+(\w+)", pdf)) == {b"LiberationSans"}


def font_in(svg):
    """Return the font that an SVG holds, and the letters of its texts."""
    encoded = re.search(r"url\(\"data:font/woff;base64,([^\"]+)\"\)", svg)[1]
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return TTFont(io.BytesIO(base64.b64decode(encoded))), set(unescape("".join(texts)))


def test_the_font_is_in_the_svg(known):
    """The letters of its texts and a few more, in less than 30 kB; the whole font has 400."""
    svg = draw(known["iou-by-click"], {}, 1).svg
    font, letters = font_in(svg)
    assert font["name"].getDebugName(1) == "Liberation Sans"
    assert letters
    assert letters <= set(map(chr, font.getBestCmap()))
    assert len(font.getBestCmap()) < 100
    assert len(svg) < 60_000


def test_letters_that_the_font_lacks_are_left_to_the_machine():
    """A task's name in Chinese is drawn where there is such a font; & and < are letters of the text."""
    font, letters = font_in(with_font('<svg xmlns="http://www.w3.org/2000/svg"><text>肝 &amp; &lt;</text></svg>'))
    assert letters - set(map(chr, font.getBestCmap())) == {"肝"}


def test_a_figure_is_of_what_is_chosen(known):
    """By the heading that the page has, or the column; the values are in the file's name."""
    figure = known["iou-by-task"]
    assert draw(figure, {"prompt": "whole_box"}, 2).name == "iou-by-task-whole_box-183mm"
    assert draw(figure, {"prompting": "1 click"}, 1).name == "iou-by-task-1_click-89mm"
    assert draw(figure, {"prompt": "whole_box"}, 2).svg != draw(figure, {"prompt": "1 click"}, 2).svg


def test_the_first_choice_is_that_of_the_page(known):
    """The last click, which all models have."""
    assert draw(known["iou-by-task"], {}, 2).name == "iou-by-task-4_clicks-183mm"


@pytest.mark.parametrize(("wanted", "message"), [
    ({"prompt": "boxes"}, "iou-by-task: expected 'whole_box' or '1 click' or '4 clicks'; got boxes"),
    ({"task": "Liver"}, "iou-by-task: expected a choice of prompt; got task"),
])  # fmt: skip
def test_what_a_figure_does_not_have_is_refused(wanted, message, known):
    """With what it has."""
    with pytest.raises(JobError, match=re.escape(message)):
        draw(known["iou-by-task"], wanted, 2)


def test_the_list_names_every_figure_and_choice(known):
    """As the command line takes them."""
    lines = listed(list(known.values()))
    assert "iou-by-task: Distribution of IoU by task" in lines
    assert "  --choose prompt='whole_box' or '1 click' or '4 clicks'" in lines


def test_markup_in_names_stays_text():
    """In an SVG, which a browser may open."""
    for figure in figures(facts_of(large(HOSTILE))):
        svg = draw(figure, {}, 1).svg
        assert "<script" not in svg
        assert "<img" not in svg


def test_a_study_of_one_object_has_its_figures():
    """One task, one model, one prompt."""
    for figure in figures(facts_of(small())):
        assert draw(figure, {}, 1).svg.startswith("<svg")


@pytest.mark.parametrize("clicks", [1, 2, 3, 9, 20])
def test_the_ticks_of_an_axis_of_clicks_are_whole_clicks(clicks):
    """Each at the place of its number, also where there are few: a tick at 1.5 would be read as 2."""
    known = {figure.name: figure for figure in figures(facts_of(mart_tables(click_rows([0.5] * clicks))))}
    for name in ("iou-by-click", "iou-by-click-and-task"):
        ticks = [int(text) for text in re.findall(r"<text[^>]*>(\d+)</text>", draw(known[name], {}, 1).svg)]
        assert ticks == (list(range(1, clicks + 1)) if clicks < 10 else list(range(2, 21, 2)))


def test_a_long_name_of_a_task_leaves_its_panel_as_wide_as_those_of_others():
    """The name is cut: there is no more room above a panel than it is wide."""
    scored = click_rows([0.5, 0.6], task="T" * 190)
    known = {figure.name: figure for figure in figures(facts_of(mart_tables([*scored, *click_rows([0.5, 0.6])])))}
    drawn = draw(known["iou-by-click-and-task"], {}, 1).svg
    assert float(MM.search(drawn)[1]) == pytest.approx(89, abs=0.5)
    assert "TTT…" in drawn


def test_a_choice_of_nothing_is_refused(known):
    """It is not read as the first choice."""
    with pytest.raises(JobError, match=r"iou-by-task: expected .* got $"):
        draw(known["iou-by-task"], {"prompt": ""}, 2)


def test_two_choices_have_two_names():
    """Also where a file's name cannot hold what tells them apart: no figure overwrites another."""
    models = ("меd", "ритм", "m" * 55 + "1", "m" * 55 + "2")
    figure = {f.name: f for f in figures(facts_of(large(models=models)))}["differences"]
    contrasts = [f"{a} minus {b}" for a, b in ((models[0], models[1]), (models[2], models[3]))]
    assert set(contrasts) < set(figure.table.rows["contrast"].to_pylist())
    names = {
        draw(figure, {"contrast": text}, 2).name for text in dict.fromkeys(figure.table.rows["contrast"].to_pylist())
    }
    assert len(names) == len(set(figure.table.rows["contrast"].to_pylist()))
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,240}", name) for name in names)
