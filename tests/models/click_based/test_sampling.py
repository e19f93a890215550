"""Many images are sampled at once, each with its own window, as torch's `interpolate` does one by one."""

import pytest
import torch
from torch.nn.functional import interpolate

from job.models.click_based.sampling import Line, interpolated, sampled, table

SHAPE = (90, 70)
"""Of the outputs."""
CASES = [
    (Line(0, 90, 10, 31), Line(0, 70, 3, 50)),
    (Line(0, 17, 0, 60), Line(0, 1, 5, 40)),
    (Line(20, 60, 59, 1), Line(30, 40, 0, 54)),
    (Line(5, 60, 0, 60), Line(7, 55, 0, 55)),
]
"""Rows and columns: enlarged, reduced to one column, one row repeated, and unchanged."""


def expected(source_HWC, rows, columns):
    window = source_HWC[rows.source_begin :, columns.source_begin :][: rows.source_length, : columns.source_length]
    image = window.permute(2, 0, 1)[None].float()
    resized = interpolate(image, (rows.length, columns.length), mode="bilinear", align_corners=True)[0]
    placed = torch.zeros(*SHAPE, source_HWC.shape[2])
    end = rows.begin + rows.length, columns.begin + columns.length
    placed[rows.begin : end[0], columns.begin : end[1]] = resized.permute(1, 2, 0)
    return placed


def at_once(sources_NHWC, lines):
    tables = (torch.from_numpy(table([line[axis] for line in lines], SHAPE[axis])) for axis in (0, 1))
    return sampled(sources_NHWC, *tables)


@pytest.fixture
def sources():
    torch.manual_seed(0)
    return torch.rand(4, 60, 55, 3)


def test_each_image_has_its_own_window_and_size(sources):
    """Values are within 1e-6 of those of `interpolate`, and 0 outside."""
    for actual, source, lines in zip(at_once(sources, CASES), sources, CASES, strict=True):
        assert (actual - expected(source, *lines)).abs().max() < 1e-6


def test_bytes_are_sampled_as_numbers(sources):
    """The result is float32, and not rounded."""
    images = (sources * 255).byte()
    for actual, image, lines in zip(at_once(images, CASES), images, CASES, strict=True):
        assert (actual - expected(image, *lines)).abs().max() < 255e-6


@pytest.mark.parametrize("lines", CASES)
def test_one_by_one_is_the_same(sources, lines):
    """A CPU samples image by image."""
    actual = interpolated(sources[0], *lines, SHAPE)
    assert torch.equal(actual, expected(sources[0], *lines))


def test_a_mirrored_line_is_in_reverse_order(sources):
    """Within its own length; what lies beyond is zero as before."""
    rows, columns = Line(0, 90, 10, 31), Line(0, 40, 3, 50)
    plain, both = expected(sources[0], rows, columns), [(rows, columns), (rows, columns._replace(mirrored=True))]
    actual = at_once(sources[:1], both)[1]
    assert (actual[:, :40] - plain[:, :40].flip(1)).abs().max() < 1e-6
    assert not actual[:, 40:].any()
    assert (interpolated(sources[0], *both[1], SHAPE) - actual).abs().max() < 1e-6


def test_a_source_may_have_several_outputs(sources):
    """With two sources, the third output is of the first source again."""
    samples = at_once(sources[:2], CASES)
    assert (samples[2] - expected(sources[0], *CASES[2])).abs().max() < 1e-6


def test_a_weight_does_not_depend_on_the_place_of_its_window():
    """Far from the origin, float32 has few digits left for a position between two pixels."""
    source = torch.rand(1, 1, 9000, 1)
    near, far = (at_once(source.roll(begin, 2), [(Line(0, 90, 0, 1), Line(0, 70, begin, 50))]) for begin in (0, 8900))
    assert torch.equal(near, far)
