"""Pictures of cases: truth and prediction, clicks that are told apart by shape, and masks alone."""

import numpy as np
import pytest
from PIL import ImageColor

from job.report import case_png
from job.report.case_png import contact_sheet
from job.report.cases import Case, Click, Predicted, window

GREY = 77


def case(*predictions, size=100, pixels=True, title="a"):
    """Return a case of a square of 20 px in the middle of a grey image."""
    truth_HW = np.zeros((size, size), bool)
    truth_HW[40:60, 40:60] = True
    pixels_HWC = np.full((size, size, 3), GREY, np.uint8) if pixels else None
    return Case(title=title, facts=(), truth_HW=truth_HW, pixels_HWC=pixels_HWC, predictions=predictions)


def predicted(mask_HW=None, **more):
    """Return a prediction, by default an empty one."""
    mask_HW = np.zeros((100, 100), bool) if mask_HW is None else mask_HW
    return Predicted(title="sam", facts=("IoU 0.5",), mask_HW=mask_HW, **more)


def count(sheet, colour):
    """Return how many pixels of a sheet have exactly this colour."""
    return int((sheet == ImageColor.getrgb(colour)).all(axis=2).sum())


def drawn(*predictions, **more):
    """Return what the pictures of a case have beyond one of the same size without prediction."""
    return contact_sheet([], [case(*predictions, **more)])


def test_a_positive_click_is_a_disc_and_a_negative_one_a_square():
    """So a square covers more of its tight box, whatever the colour."""
    for positive, colour, low, high in ((True, case_png.POSITIVE, 0.4, 0.8), (False, case_png.NEGATIVE, 0.7, 1.0)):
        sheet = drawn(predicted(clicks=(Click(50, 50, positive),)))[case_png.LEGEND_HEIGHT + 40 :]
        rows, columns = np.nonzero((sheet == ImageColor.getrgb(colour)).all(axis=2))
        area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert low < len(rows) / area < high


def test_clicks_are_numbered():
    """The second of two at one place is another picture than the first alone."""
    first = drawn(predicted(clicks=(Click(50, 50, True),)))
    second = drawn(predicted(clicks=(Click(50, 50, True), Click(50, 50, True))))
    assert not np.array_equal(first, second)


def test_a_prediction_tints_its_inside():
    """Where the image was grey, it is bluer; elsewhere it is as it was."""
    mask_HW = np.zeros((100, 100), bool)
    mask_HW[45:55, 45:55] = True
    tinted = tuple(int(GREY * 0.7 + 0.3 * value) for value in ImageColor.getrgb(case_png.MASK))
    inside = count(drawn(predicted(mask_HW)), "#{:02x}{:02x}{:02x}".format(*tinted))
    scale = case_png.SIDE / 48
    assert inside == pytest.approx((10 * scale) ** 2, rel=0.2)
    assert count(drawn(predicted()), "#{:02x}{:02x}{:02x}".format(*tinted)) == 0


def test_masks_alone_are_drawn_without_an_image():
    """The truth in grey on black."""
    assert count(drawn(predicted(), pixels=False), "#606060") > 1000
    assert count(drawn(predicted(), pixels=False), "#4d4d4d") == 0


def test_a_star_marks_the_named_ones_if_others_stand_beside_them():
    """And a word explains it."""
    alone = drawn(predicted(), predicted())
    beside = drawn(predicted(), predicted(named=False))
    assert alone.shape == beside.shape
    assert not np.array_equal(alone, beside)


def test_many_predictions_stand_in_rows_of_four():
    """Truth and three, then the rest."""
    heights = [len(drawn(*[predicted()] * number)) for number in (1, 3, 4)]
    assert heights[0] == heights[1] < heights[2]
    assert drawn(predicted()).shape[1] == 4 * (case_png.SIDE + case_png.GAP) + case_png.GAP


@pytest.mark.parametrize(
    ("corner", "points", "expected"),
    [
        ((40, 40), [], (26, 26, 73, 73)),
        ((0, 0), [], (0, 0, 47, 47)),
        ((80, 80), [], (52, 52, 99, 99)),
        ((40, 40), [(99, 50)], (28, 14, 99, 85)),
    ],
)
def test_the_window_is_a_square_around_truth_and_clicks(corner, points, expected):
    """20 px with 12 px around are 44, of which 48 are shown; at the border it is moved, not cut."""
    truth_HW = np.zeros((100, 100), bool)
    truth_HW[corner[1] : corner[1] + 20, corner[0] : corner[0] + 20] = True
    x0, y0, x1, y1 = window(truth_HW, points)
    assert (x0, y0, x1, y1) == expected


def test_a_window_beyond_a_narrow_image_is_cut():
    """Of 30 rows, all."""
    truth_HW = np.zeros((30, 200), bool)
    truth_HW[10:20, 90:110] = True
    x0, y0, x1, y1 = window(truth_HW, [])
    assert (y0, y1, x1 - x0 + 1) == (0, 29, 48)


def test_control_characters_of_names_are_signs():
    """And the longest name is wrapped."""
    assert drawn(predicted(), title="\x1b[31m" + "x" * 2000).shape[0] > drawn(predicted()).shape[0]
