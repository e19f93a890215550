"""What the network sees of an image, where the clicks lie in it, and where its output belongs; computed by hand."""

import numpy as np
import pytest
import torch

from job.models.click_based.batch import Batch, Member
from job.models.click_based.framing import Framing, RowColumnClicks, mirrored, padded
from job.models.click_based.roi import Roi
from job.models.click_based.sampling import Line
from job.models.protocol import EncodedImage
from job.testing import make_request
from tests.models.compare import assert_close


def clicks(*rows_columns, positive=None):
    array = np.array(rows_columns, dtype=float).reshape(-1, 2)
    return RowColumnClicks(rows_columns_N2=array, positive_N=np.array(positive or [True] * len(array)))


def rows_and_columns(height, width):
    """An image (H, W, 3) whose channels are the row, the column and 255."""
    rows, columns = np.mgrid[:height, :width]
    return torch.from_numpy(np.stack([rows, columns, np.full_like(rows, 255)], axis=2).astype(np.uint8))


WHOLE = Framing.unscaled(7, 4, target=None)
PORTRAIT, LANDSCAPE = Roi(10, 109, 30, 79), Roi(30, 79, 10, 109)
"""100 rows and 50 columns, and the reverse."""
SIZES = {PORTRAIT: (400, 200), LANDSCAPE: (200, 400)}
"""Of the network's input: four times as large."""


def framing(roi, height=240, width=240):
    return Framing.of_roi(height, width, roi, SIZES[roi])


def test_points_are_converted_from_x_y_to_row_column():
    """(x 5, y 2) is row 2, column 5."""
    image = EncodedImage(height=9, width=9, features=None)
    converted = RowColumnClicks.of(make_request(image, [(5, 2), (0, 7)], [1, 0]))
    assert converted.rows_columns_N2.tolist() == [[2, 5], [7, 0]]
    assert converted.positive_N.tolist() == [True, False]
    assert converted.positives().tolist() == [[2, 5]]


def test_a_mirrored_pass_samples_its_columns_from_the_other_end():
    """Rows stay. Line: first of the output, their number, first of the source, their number, whether mirrored."""
    for is_mirrored in (False, True):
        assert WHOLE.input_lines(mirrored=is_mirrored) == (Line(0, 7, 0, 7), Line(0, 4, 0, 4, is_mirrored))


each_way = pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])


def batch(framing, image_HWC, at_once, previous_HW=None):
    """A pass of one request without its mirror image."""
    member = Member(image_HWC=image_HWC, framing=framing, clicks=clicks((0, 0)), previous_HW=previous_HW)
    return Batch([member], torch.device("cpu"), flip=False, at_once=at_once)


def network_image(framing, image_HWC, at_once, previous_HW=None):
    """What the network sees: (4, rows, columns)."""
    return batch(framing, image_HWC, at_once, previous_HW).images()[0]


def image_probability(framing, probability, at_once):
    """The network's probability, brought back to the image."""
    image_HWC = torch.zeros(framing.height, framing.width, 3, dtype=torch.uint8)
    [[probability_HW]] = batch(framing, image_HWC, at_once).probabilities(probability[None].logit())
    return probability_HW


@each_way
def test_without_a_roi_the_network_sees_the_whole_image(at_once):
    """Values are divided by 255, the previous mask is zeros, and clicks and output are unchanged."""
    image_HWC = rows_and_columns(7, 4)
    assert WHOLE.size == (7, 4)
    shown = network_image(WHOLE, image_HWC, at_once)
    assert torch.equal(shown[:3], image_HWC.permute(2, 0, 1) / 255)
    assert not shown[3].any()
    assert WHOLE.network_clicks(clicks((6, 3))).rows_columns_N2.tolist() == [[6, 3]]
    probability_HW = torch.rand(7, 4)
    assert_close(image_probability(WHOLE, probability_HW, at_once), probability_HW, 1e-6)


@each_way
@pytest.mark.parametrize(("roi", "size"), SIZES.items())
def test_the_roi_is_resized_corner_onto_corner(roi, size, at_once):
    """The corners of the input are the roi's corner pixels, of the image and of the previous mask."""
    image_HWC = rows_and_columns(240, 240)
    previous_HW = torch.arange(240.0)[:, None].expand(240, 240) / 240
    shown = network_image(framing(roi), image_HWC, at_once, previous_HW)
    assert shown.shape == (4, *size)
    for row, column, i, j in (
        (roi.row_min, roi.column_min, 0, 0),
        (roi.row_min, roi.column_max, 0, -1),
        (roi.row_max, roi.column_min, -1, 0),
        (roi.row_max, roi.column_max, -1, -1),
    ):
        assert shown[:, i, j].tolist() == pytest.approx([row / 255, column / 255, 1, row / 240], abs=1e-6)


@pytest.mark.parametrize("roi", [PORTRAIT, LANDSCAPE])
def test_clicks_are_moved_and_scaled_as_upstream_does(roi):
    """The offset from the roi's corner times the ratio of the sides, 4: not rounded, and not corner onto corner."""
    placed = framing(roi).network_clicks(clicks((roi.row_min + 3, roi.column_min + 20.5), positive=[False]))
    assert placed.rows_columns_N2.tolist() == [[12, 82]]
    assert placed.positive_N.tolist() == [False]


@each_way
@pytest.mark.parametrize("roi", [PORTRAIT, LANDSCAPE])
def test_the_output_is_resized_into_the_roi_with_zeros_around_it(roi, at_once):
    """A constant stays constant; a ramp ends at the roi's borders."""
    rows, columns = SIZES[roi]
    pasted = image_probability(framing(roi, 300, 240), torch.full((rows, columns), 0.25), at_once)
    assert pasted.shape == (300, 240)
    assert pasted.nonzero().amin(dim=0).tolist() == [roi.row_min, roi.column_min]
    assert pasted.nonzero().amax(dim=0).tolist() == [roi.row_max, roi.column_max]
    assert pasted.count_nonzero() == roi.height * roi.width
    ramp = torch.linspace(0.25, 0.75, columns).expand(rows, columns)
    row = image_probability(framing(roi, 300, 240), ramp, at_once)[roi.row_min]
    assert row[[roi.column_min, roi.column_max]].tolist() == pytest.approx([0.25, 0.75], abs=1e-6)


@each_way
def test_an_output_of_the_whole_image_may_go_into_an_older_roi(at_once):
    """Crop and target are independent."""
    old = Framing.unscaled(7, 4, target=Roi(2, 4, 1, 2))
    assert old.size == (7, 4)
    assert image_probability(old, torch.full((7, 4), 0.5), at_once).nonzero().tolist() == [
        [2, 1], [2, 2], [3, 1], [3, 2], [4, 1], [4, 2],
    ]  # fmt: skip


def test_click_lists_are_padded_to_the_longest_half_of_the_batch():
    """Positive clicks come first, then negative ones; the index is the click's place in its own list."""
    points = padded([clicks((1, 2), (3, 4), (5, 6), positive=[False, True, True]), clicks((7, 8), positive=[False])])
    assert points.dtype == np.float32
    assert points.tolist() == [
        [[3, 4, 1], [5, 6, 2], [1, 2, 0], [-1, -1, -1]],
        [[-1, -1, -1], [-1, -1, -1], [7, 8, 0], [-1, -1, -1]],
    ]


def test_clicks_are_mirrored_and_padding_is_not():
    """In a width of 10, column 2.5 becomes 6.5; the first column becomes the last."""
    points = np.array([[[4, 2.5, 0], [1, 0, 1], [-1, -1, -1]]], dtype=np.float32)
    assert mirrored(points, np.float32([10])).tolist() == [[[4, 6.5, 0], [1, 9, 1], [-1, -1, -1]]]
    assert points[0, 0].tolist() == [4, 2.5, 0]
