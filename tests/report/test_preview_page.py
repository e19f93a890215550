"""The page of contact sheets: it needs no network, text of data stays text, outlines lie on the edges of pixels."""

import base64
import dataclasses
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from job.report.drawing import GAP
from job.report.preview_page import page
from job.report.preview_png import CELL, sheet_of
from job.report.sheet import COLOURS, MOST_SIDE, Histogram, Outlined, Picture, Rows, Section, Sheet, style

EVIL = "<script>alert(1)</script>\"'&\x1b[31m\u202e"


class Tags(HTMLParser):
    """Collects the tags, the attributes and the text of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def disc(size=16, name="disc", **more):
    truth_HW = np.zeros((size, size), bool)
    truth_HW[4:8, 2:7] = True
    return Outlined(style=style(0), task=name, truth_HW=truth_HW, **more)


def picture(name="a.png", size=16, objects=()):
    counts = np.arange(64)
    histogram = Histogram(counts=counts, start=0.0, stop=200.0, levels=(50.0, 150.0), facts=name)
    pixels = np.random.default_rng(0).integers(0, 255, (size, size, 3), np.uint8)
    return Picture(title=name, facts=(name,), pixels_HWC=pixels, histograms=(histogram,), objects=tuple(objects))


def section(name="Set", pictures=()):
    table = Rows(header=("kind", "image"), rows=(("error", name),))
    return Section(
        name=name, facts=((name, name),), tasks=((name, style(0)),), objects=table, pictures=pictures, lines=table
    )


def page_of(*pictures, name="Set"):
    return page(Sheet(study=name, prompts=name, sections=(section(name, pictures),)))


def test_names_stay_text_everywhere():
    """In titles, captions, tables and attributes; control characters are shown as signs."""
    outlined = disc(name=EVIL, facts=EVIL, prompts=(EVIL,))
    html = page_of(picture(EVIL, objects=[outlined]), name=EVIL)
    seen = Tags(html)
    assert "script" not in seen.tags
    assert not {"\x1b", "\u202e"} & set(html)
    assert seen.text.count("<script>alert(1)</script>\"'&␛[31m�") >= 10
    assert not [name for name, _ in seen.attributes if name.startswith(("on", "alert"))]


def test_the_page_needs_no_network():
    """No script, style sheet or address; a policy refuses them as well."""
    html = page_of(picture(objects=[disc()]))
    seen = Tags(html)
    assert not {"script", "link", "iframe", "img"} & set(seen.tags)
    assert all(value.startswith("data:image/png;") for name, value in seen.attributes if name in ("href", "src"))
    assert not re.findall(r"https?://|url\(", html)
    assert "default-src 'none'" in html


def test_the_picture_holds_the_pixels_of_the_image():
    """As PNG, without a loss."""
    shown = picture()
    (uri,) = [value for name, value in Tags(page_of(shown)).attributes if name == "href"]
    decoded = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert np.array_equal(np.asarray(decoded), shown.pixels_HWC)


def test_a_large_image_is_reduced_but_keeps_its_coordinates():
    """Prompts and outlines are in px of the image."""
    shown = picture(size=3 * MOST_SIDE)
    assert shown.shown.shape == (MOST_SIDE, MOST_SIDE, 3)
    assert f'viewBox="0 0 {3 * MOST_SIDE} {3 * MOST_SIDE}"' in page_of(shown)


def test_the_outline_follows_the_edges_of_the_pixels():
    """The object reaches from x 2 to 7 and y 4 to 8."""
    (polygon,) = disc().outlines
    assert polygon.min(0).tolist() == [2, 4]
    assert polygon.max(0).tolist() == [7, 8]


def test_a_hole_and_a_single_pixel_have_outlines():
    """One line for each border."""
    outlined = disc()
    outlined.truth_HW[5, 4] = False
    outlined.truth_HW[12, 12] = True
    assert len(outlined.outlines) == 3


def test_prompts_lie_where_their_pixels_are():
    """A box reaches to the far edge of its last pixel; a point is the middle of its pixel."""
    html = page_of(picture(objects=[disc(boxes=((2, 4, 6, 7),), points=((3, 5),), clicks=((4, 6),))]))
    assert html.count('x="2" y="4" width="5" height="4"') == 2  # the line and its halo
    assert '<circle class="point" cx="3.5" cy="5.5"' in html
    assert re.search(r'<path class="point" d="M4\.5,', html)


def test_letters_stand_beside_each_other():
    """Of two objects in one place, and of one elsewhere."""
    other = disc()
    other.truth_HW[:] = False
    other.truth_HW[12, 12] = True
    assert picture(objects=[disc(), disc(), other]).letters(3) == [(2, 1), (5, 1), (12, 9)]


def test_levels_lie_where_their_values_are():
    """50 and 150 of 0 to 200: at a quarter and three quarters of 64."""
    assert "M16.0,0V1M48.0,0V1" in page_of(picture())


def test_tasks_differ_in_more_than_colour():
    """Letter for every task; the colours begin again only after their end, with other dashes."""
    styles = [style(index) for index in range(30)]
    assert len({each.letter for each in styles}) == 30
    assert styles[0].colour == styles[len(COLOURS)].colour
    assert styles[0].dashes != styles[len(COLOURS)].dashes


@pytest.mark.parametrize("number", [0, 1, 4])
def test_the_picture_of_a_data_set_has_a_cell_for_each_image(number):
    """Three in a row; a data set without images has its facts alone."""
    shown = tuple(
        picture(EVIL, objects=[disc(points=((3, 5),), clicks=((4, 6),), boxes=((2, 4, 6, 7),))]) for _ in range(number)
    )
    sheet = sheet_of(section(EVIL, shown))
    assert sheet.shape[1] == GAP + max(1, min(3, number)) * (CELL + GAP)
    assert sheet.shape[0] > -(-number // 3) * CELL


def test_the_picture_shows_the_pixels_and_the_outline():
    """The image's grey inside the object, the task's colour on its edge."""
    shown = picture(objects=[disc()])
    shown.pixels_HWC[:] = 90
    sheet = sheet_of(section("Set", (shown,)))
    colours = {tuple(colour) for colour in sheet.reshape(-1, 3).tolist()}
    assert {(90, 90, 90), tuple(bytes.fromhex(COLOURS[0][1:]))} <= colours


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5000), (5000, 1), (3, 2000)])
def test_images_of_any_shape_have_a_page_and_a_picture(height, width):
    """Down to one pixel, all of it the object."""
    outlined = [Outlined(style=style(index), task="t", truth_HW=np.ones((height, width), bool)) for index in range(9)]
    shown = dataclasses.replace(picture(objects=outlined), pixels_HWC=np.zeros((height, width, 3), np.uint8))
    assert max(shown.shown.shape[:2]) == min(MOST_SIDE, max(height, width))
    assert f'viewBox="0 0 {width} {height}"' in page_of(shown)
    assert sheet_of(section("Set", (shown,))).shape[1] == CELL + 2 * GAP


def test_one_value_that_is_both_levels_is_in_the_middle():
    """A constant image: a range of no width."""
    histogram = Histogram(counts=np.zeros(64, np.int64), start=7.0, stop=7.0, levels=(7.0, 7.0), facts="")
    assert (histogram.share(7.0), set(histogram.heights)) == (0.5, {0.0})
