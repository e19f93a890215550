"""How values become uint8."""

import numpy as np
import pytest

from job.datasets.intensity import levels, to_rgb
from job.errors import DataError
from job.study.dataset import Intensity

MAX = Intensity(scale="max")


def one_row(*values: float) -> np.ndarray:
    return np.array([values])


def grey_of(values: np.ndarray, rule: Intensity, volume: np.ndarray | None = None) -> list[int]:
    rgb = to_rgb(values, rule, None if volume is None else levels(volume, rule))
    assert rgb.dtype == np.uint8
    assert rgb.shape == (*values.shape[:2], 3)
    assert (rgb == rgb[..., :1]).all()
    return rgb[0, :, 0].tolist()


def test_max_divides_by_the_maximum_and_truncates() -> None:
    """1/3 · 255 = 85, 0.5 · 255 = 127.5 becomes 127."""
    assert grey_of(one_row(0, 10, 15, 30), MAX) == [0, 85, 127, 255]


def test_max_is_the_published_arithmetic_to_the_last_bit() -> None:
    """Plain float64, divided first, then times 255: some 8-bit values lose one, as in the published images."""
    published = [int(value / 255 * 255) for value in range(256)]
    assert grey_of(np.arange(256, dtype=np.uint8)[None], MAX) == published


def test_one_maximum_over_all_channels() -> None:
    """The channels of a colour image keep their proportion."""
    rgb = to_rgb(np.array([[[10, 20, 40], [0, 0, 0]]]), MAX)
    assert rgb[0, 0].tolist() == [63, 127, 255]


def test_negative_values_are_refused_with_a_remedy() -> None:
    """CT under `scale: max` is a fault of the spec; the text says what to use."""
    with pytest.raises(DataError, match=r"minimum -1024.*minmax, percentiles or window") as caught:
        to_rgb(one_row(-1024, 5), MAX)
    assert caught.value.reason == "negative values"


def test_minmax() -> None:
    """Minimum to 0, maximum to 255."""
    assert grey_of(one_row(-10, 0, 10), Intensity(scale="minmax")) == [0, 127, 255]


def test_percentiles_clip_both_ends() -> None:
    """Of 0, 1, …, 100, the percentiles 10 and 90 are 10 and 90."""
    found = grey_of(np.arange(101.0)[None], Intensity(percentiles=(10, 90)))
    assert (found[5], found[10], found[50], found[90], found[95]) == (0, 0, 127, 255, 255)


def test_window_in_hounsfield_units() -> None:
    """Centre 40, width 400: -160 to 0, 40 to the middle, 240 to 255."""
    assert grey_of(one_row(-1000, -160, 40, 240, 3000), Intensity(window=(40, 400))) == [0, 0, 127, 255, 255]


@pytest.mark.parametrize("rule", [MAX, Intensity(window=(0, 1)), Intensity(scale="minmax")])
@pytest.mark.parametrize("value", [0, 7])
def test_constant_image_becomes_zeros(rule: Intensity, value: int) -> None:
    """An image that is all one value has nothing to show."""
    assert grey_of(one_row(value, value), rule) == [0, 0]


def test_constant_slice_of_a_volume_becomes_zeros() -> None:
    """The rule is about the image, wherever its levels come from."""
    rule = Intensity(scale="max", per="volume")
    assert grey_of(one_row(7, 7), rule, volume=np.array([7, 14])) == [0, 0]


def test_levels_of_the_volume() -> None:
    """per: volume: the maximum of the volume is 255."""
    rule = Intensity(scale="max", per="volume")
    assert grey_of(one_row(0, 10), rule, volume=np.array([[0, 10], [20, 0]])) == [0, 127]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_slice_with_values_that_are_not_finite_is_refused(bad: float) -> None:
    """Nothing is put in their place."""
    with pytest.raises(DataError, match="1 of 3 values") as caught:
        to_rgb(one_row(1, bad, 2), MAX)
    assert caught.value.reason == "non-finite values"


def test_volume_levels_pass_over_values_that_are_not_finite() -> None:
    """So that one bad slice leaves the others usable."""
    assert levels(np.array([1, np.nan, 4, np.inf]), MAX) == (0, 4)


def test_percentiles_that_coincide_are_refused() -> None:
    """99 zeros and a one have no range between their middle percentiles."""
    with pytest.raises(DataError) as caught:
        to_rgb(np.array([[0.0] * 99 + [1.0]]), Intensity(percentiles=(25, 75)))
    assert caught.value.reason == "no intensity range"


def test_narrow_integers_do_not_overflow() -> None:
    """int16 from -32768 to 32767 is wider than int16."""
    values = np.array([[-32768, 0, 32767]], np.int16)
    assert grey_of(values, Intensity(scale="minmax")) == [0, 127, 255]


@pytest.mark.filterwarnings("error")
def test_a_range_wider_than_numbers_is_refused() -> None:
    """A flipped bit makes such values; they would become NaN, and that 0."""
    with pytest.raises(DataError, match=r"goes from -1.7e\+308 to 1.7e\+308") as caught:
        to_rgb(one_row(-1.7e308, 1.7e308), Intensity(scale="minmax"))
    assert caught.value.reason == "no intensity range"
