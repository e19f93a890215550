"""Cases of the gallery: a small picture, outlines of masks once each, places in the picture, and a bound on it all."""

import base64
import dataclasses
import io
import json

import numpy as np
import pytest
from PIL import Image

from job.report.cases import Click
from job.report.gallery import MOST_BYTES, SIDE, Exhibit, Run, Step, exhibited
from tests.report.test_edges import filled

SIZE = 600


def square(x, y, side=40, size=SIZE):
    """Return a mask of a square whose top left is (x, y)."""
    mask_HW = np.zeros((size, size), bool)
    mask_HW[y : y + side, x : x + side] = True
    return mask_HW


def step(mask_HW, **more):
    """Return a step."""
    return Step(iou=0.123456, status="ok", mask_HW=mask_HW, **more)


def exhibit(truth_HW, *steps, pixels_HWC=None):
    """Return an object with one run."""
    runs = (Run(way="clicks", model="sam", mask_choice="single", steps=steps or (step(truth_HW),)),)
    return Exhibit(task="A: t", kind="worst", title="a", facts="f", truth_HW=truth_HW, pixels_HWC=pixels_HWC, runs=runs)


def picture(case):
    """Return the picture of a case, uint8 HxWx3."""
    head, data = case["image"].split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_the_picture_is_cut_to_the_object_and_its_surroundings():
    """A square of 40 px with 16 px (40 %) on each side; its outline lies where it does."""
    pixels_HWC = np.zeros((SIZE, SIZE, 3), np.uint8)
    pixels_HWC[square(100, 200)] = 255
    case = exhibited(exhibit(square(100, 200), pixels_HWC=pixels_HWC), 1)
    assert (case["width"], case["height"]) == (72, 72)
    bright = picture(case)[..., 0] > 127
    expected = square(16, 16, size=72)
    assert np.array_equal(bright, expected)
    assert np.array_equal(filled(case["outlines"][case["truth"]], (72, 72)), expected)


def test_clicks_and_boxes_lie_in_the_picture():
    """The centre of the pixel that was clicked; a box from edge to edge. The picture reaches out to the clicks."""
    truth_HW = square(100, 200)
    click, box = Click(100, 200, True), (100, 200, 139, 239)
    case = exhibited(exhibit(truth_HW, step(truth_HW, clicks=(click, Click(120, 300, False)), boxes=(box,))), 1)
    (made,) = case["runs"][0]["steps"]
    top = 200 - 16
    assert case["height"] == 300 - top + 1 == 117
    left = (100 - 16 + 139 + 16 + 1 - 117) // 2
    assert made["clicks"] == [[100.5 - left, 16.5, 1], [120.5 - left, 116.5, 0]]
    assert made["boxes"] == [[100 - left, 16, 140 - left, 56]]


def test_equal_masks_are_there_once():
    """Of three steps two have the same mask, which is the truth."""
    truth_HW = square(100, 200)
    case = exhibited(exhibit(truth_HW, step(square(110, 210)), step(truth_HW), step(truth_HW)), 1)
    assert len(case["outlines"]) == 2
    assert [made["mask"] for made in case["runs"][0]["steps"]] == [1, case["truth"], case["truth"]]
    assert case["runs"][0]["steps"][0]["iou"] == 0.1235


def test_a_large_object_is_reduced():
    """To 256 px; a pixel of the grid belongs to the mask if more than half of what it stands for does."""
    truth_HW = square(10, 10, side=512)
    case = exhibited(exhibit(truth_HW), 1)
    assert max(case["width"], case["height"]) == SIDE
    scale = SIDE / SIZE
    outline = filled(case["outlines"][0], (256, 256))
    assert outline.sum() == pytest.approx((512 * scale) ** 2, rel=0.02)


def test_ragged_outlines_are_drawn_coarser_until_they_fit():
    """Noise in every one of sixty steps. The picture keeps its size."""
    rng = np.random.default_rng(0)
    truth_HW = np.ones((256, 256), bool)
    steps = [step(rng.random((256, 256)) < 0.5) for _ in range(60)]
    pixels_HWC = np.zeros((256, 256, 3), np.uint8)
    case = exhibited(exhibit(truth_HW, *steps, pixels_HWC=pixels_HWC), 1 / 84)
    assert len("".join(case["outlines"])) <= MOST_BYTES / 84
    assert case["width"] < 256
    assert picture(case).shape == (256, 256, 3)


def test_a_page_of_28_tasks_stays_small():
    """Three objects each, of two models with nine clicks on real-looking images of 512 px."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:512, :512]
    wave = 20 * np.sin(np.arctan2(y - 256, x - 256) * 40)
    steps = [
        step(np.hypot(y - 256, x - 256) + wave < 100 + n, clicks=(Click(250, 250, True),) * n) for n in range(1, 10)
    ]
    runs = tuple(Run(way="clicks", model=name, mask_choice="single", steps=tuple(steps)) for name in ("sam", "ritm"))
    noise = rng.integers(0, 255, (512, 512, 3), np.uint8)
    made = exhibited(dataclasses.replace(exhibit(steps[0].mask_HW, pixels_HWC=noise), runs=runs), 1 / 84)
    assert 84 * len(json.dumps(made)) < 8_000_000


def test_without_pixels_there_is_no_picture():
    """Masks alone."""
    assert exhibited(exhibit(square(100, 200)), 1)["image"] is None


def test_an_empty_prediction_has_an_empty_outline():
    """It is a mask as others are."""
    case = exhibited(exhibit(square(100, 200), step(np.zeros((SIZE, SIZE), bool))), 1)
    assert case["outlines"][case["runs"][0]["steps"][0]["mask"]] == ""


def test_names_are_shown_without_control_characters_and_copied_with_them():
    """A sign that turns the direction of text could make a name look like another; the query must find the object."""
    odd = "a\u202eb"
    (run,) = exhibit(square(100, 200)).runs
    made = dataclasses.replace(
        exhibit(square(100, 200)), task=odd, title=odd, query=odd, runs=(dataclasses.replace(run, model=odd),)
    )
    case = exhibited(made, 1)
    assert [case["task"], case["title"], case["runs"][0]["model"], case["query"]] == ["a\ufffdb"] * 3 + [odd]
