"""How values become uint8."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from job.datasets.counting import all_equal
from job.datasets.intensity import blank, levels, resolved, to_rgb
from job.datasets.known import Known
from job.errors import DataError
from job.study.intensity import Intensity

MAX = Intensity(scale="max")
MINMAX = Intensity(scale="minmax")


def row_of(*values: float) -> np.ndarray:
    return np.array([values])


def grey_of(values: np.ndarray, rule: Intensity, volume: np.ndarray | None = None) -> list[int]:
    """Return the first row of the grey image, after a check that its three channels are equal."""
    rgb = to_rgb(values, rule, None if volume is None else levels(volume, rule))
    assert rgb.dtype == np.uint8
    assert rgb.shape == (*values.shape[:2], 3)
    assert (rgb == rgb[..., :1]).all()
    return rgb[0, :, 0].tolist()


def test_max_divides_by_the_maximum_and_truncates() -> None:
    """10/30 · 255 = 85; 15/30 · 255 = 127.5 becomes 127; 19/30 · 255 = 161.5 becomes 161; 29/30 · 255 = 246.5, 246."""
    assert grey_of(row_of(0, 10, 15, 19, 29, 30), MAX) == [0, 85, 127, 161, 246, 255]


def test_max_leaves_the_minimum_where_it_is() -> None:
    """The value 0 becomes 0, even if it does not occur: 10 of 20 is the middle."""
    assert grey_of(row_of(10, 20), MAX) == [127, 255]


def test_max_is_the_published_arithmetic_to_the_last_bit() -> None:
    """Float64, divided first, then times 255: some 8-bit values lose 1, as in the published images."""
    published = [int(value / 255 * 255) for value in range(256)]
    assert grey_of(np.arange(256, dtype=np.uint8)[None], MAX) == published


def test_one_maximum_over_all_channels() -> None:
    """The channels of a colour image keep their proportion."""
    rgb = to_rgb(np.array([[[10, 20, 40], [0, 0, 0]]]), MAX)
    assert rgb[0, 0].tolist() == [63, 127, 255]


def test_scaling_is_done_in_float64() -> None:
    """2^24 is less than 2^24 + 1, so it becomes 254; float32 cannot tell them apart."""
    assert grey_of(row_of(2**24, 2**24 + 1), MAX) == [254, 255]


@pytest.mark.parametrize("value", [-1024, -1, -0.001])
def test_max_refuses_negative_values_and_names_a_remedy(value: float) -> None:
    """CT under `scale: max` is a fault of the spec; the message says what to use instead."""
    with pytest.raises(DataError, match=rf"minimum {value:g},.*minmax, percentiles or window") as caught:
        to_rgb(row_of(value, 5), MAX)
    assert caught.value.reason == "negative values"


def test_minmax() -> None:
    """The minimum becomes 0, the maximum 255, the middle 127.5 is truncated."""
    assert grey_of(row_of(-10, 0, 10), MINMAX) == [0, 127, 255]


def test_percentiles_clip_both_ends() -> None:
    """Of 0, 1, …, 100, the percentiles 10 and 90 are 10 and 90."""
    grey = grey_of(np.arange(101.0)[None], Intensity(percentiles=(10, 90)))
    assert (grey[5], grey[10], grey[11], grey[50], grey[90], grey[95]) == (0, 0, 3, 127, 255, 255)


def test_percentiles_of_a_slice_and_of_its_volume() -> None:
    """The slice is 0 … 10, its volume 0 … 20: the value 5 is the middle of one and a quarter of the other."""
    volume = np.arange(21.0).reshape(1, 1, 21)
    per_slice, per_volume = (Intensity(percentiles=(0, 100), per=per) for per in ("slice", "volume"))
    assert grey_of(volume[0, :, :11], per_slice)[5] == 127
    assert grey_of(volume[0, :, :11], per_volume, volume)[5] == 63


def test_percentiles_are_interpolated_linearly() -> None:
    """Of 0, 10, 20, 30, percentile 25 lies at position 0.75: 7.5, and percentile 75 at position 2.25: 22.5."""
    assert levels(row_of(30, 0, 20, 10), Intensity(percentiles=(25, 75))) == (7.5, 22.5)


def test_levels_do_not_change_the_values() -> None:
    """Percentiles sort a copy."""
    values = row_of(3, 1, 2)
    levels(values, Intensity(percentiles=(1, 99)))
    assert values.tolist() == [[3, 1, 2]]


def test_window_in_hounsfield_units() -> None:
    """Centre 40, width 400: -160 becomes 0, 40 the middle, 240 becomes 255; values outside are clipped."""
    assert grey_of(row_of(-1000, -160, 40, 240, 3000), Intensity(window=(40, 400))) == [0, 0, 127, 255, 255]


def test_window_ignores_the_values_of_slice_and_volume() -> None:
    """Its levels are stated, per slice and per volume alike."""
    for per in ("slice", "volume"):
        assert levels(row_of(-5, 7), Intensity(window=(40, 400), per=per)) == (-160, 240)


@pytest.mark.parametrize("rule", [MAX, MINMAX, Intensity(window=(0, 1))])
@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_image_becomes_zeros(rule: Intensity, value: int) -> None:
    """An image whose values are all equal has nothing to show."""
    assert all_equal(row_of(value, value))
    assert grey_of(row_of(value, value), rule) == [0, 0]


def test_an_image_that_differs_in_one_value_is_not_constant() -> None:
    """Whether it is the first value or the last."""
    assert not all_equal(row_of(1, 7, 7))
    assert not all_equal(row_of(7, 7, 1))


def test_a_constant_slice_of_a_volume_becomes_zeros() -> None:
    """Also if its levels come from the volume."""
    rule = Intensity(scale="max", per="volume")
    assert grey_of(row_of(7, 7), rule, volume=np.array([7, 14])) == [0, 0]


def test_levels_of_the_volume() -> None:
    """With `per: volume`, the maximum of the volume becomes 255."""
    rule = Intensity(scale="max", per="volume")
    assert grey_of(row_of(0, 10), rule, volume=np.array([[0, 10], [20, 0]])) == [0, 127]


@pytest.mark.parametrize("rule", [MAX, Intensity(window=(0, 10))])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_slice_with_values_that_are_not_finite_is_refused(value: float, rule: Intensity) -> None:
    """Nothing is put in their place, also where the levels are stated."""
    with pytest.raises(DataError, match="1 of 3 values") as caught:
        to_rgb(row_of(1, value, 2), rule)
    assert caught.value.reason == "non-finite values"


@pytest.mark.parametrize(
    ("rule", "expected"), [(MAX, (0, 4)), (MINMAX, (1, 4)), (Intensity(percentiles=(0, 50)), (1, 2.5))]
)
def test_levels_ignore_values_that_are_not_finite(rule: Intensity, expected: tuple[float, float]) -> None:
    """One bad slice leaves the other slices of a volume usable: of NaN, 1, 4 and both infinities count 1 and 4."""
    assert levels(np.array([1, np.nan, 4, np.inf, -np.inf]), rule) == expected


def test_levels_need_a_finite_value() -> None:
    """A volume of NaN has no levels."""
    with pytest.raises(DataError, match="no value is finite"):
        levels(np.array([np.nan, np.inf]), MAX)


def test_percentiles_that_coincide_are_refused() -> None:
    """99 zeros and a one have no range between their middle percentiles."""
    with pytest.raises(DataError) as caught:
        to_rgb(np.array([[0.0] * 99 + [1.0]]), Intensity(percentiles=(25, 75)))
    assert caught.value.reason == "no intensity range"


def test_narrow_integers_do_not_overflow() -> None:
    """The range from -32768 to 32767 is wider than int16; the median of the two is -0.5."""
    values = np.array([[-32768, 0, 32767]], np.int16)
    assert grey_of(values, MINMAX) == [0, 127, 255]
    assert levels(values[:, ::2], Intensity(percentiles=(0, 50))) == (-32768, -0.5)


@pytest.mark.filterwarnings("error")
def test_a_range_that_overflows_is_refused() -> None:
    """A flipped bit makes such values; scaled, they would become NaN, and then 0."""
    with pytest.raises(DataError, match=r"goes from -1.7e\+308 to 1.7e\+308") as caught:
        to_rgb(row_of(-1.7e308, 1.7e308), MINMAX)
    assert caught.value.reason == "no intensity range"


WINDOW = Intensity(window=(40, 400))


def why_blank(values: NDArray[Any], rule: Intensity = WINDOW, levels_: tuple[float, float] | None = None) -> str:
    return blank(values, to_rgb(values, rule, levels_), rule, levels_)


def test_an_image_that_a_window_makes_white_is_blank() -> None:
    """Hounsfield units stored with 32768 added: all are above 240. The detail names both ranges."""
    values = np.arange(32768 - 1000, 32768 + 1000, dtype=np.uint16).reshape(40, 50)
    assert why_blank(values) == (
        "after window(40,400)/slice 100.0% of the pixels are 0 or 255 (greys 255); the values run from 31768 to 33767, "
        "the rule from -160 to 240; check the window, or use minmax"
    )


def test_an_image_of_two_greys_is_blank_and_of_three_is_not() -> None:
    """0 to 1 under a CT window: 0 becomes 102, and 1 becomes 102 too or 103."""
    assert why_blank(np.array([[0.0, 1.0] * 20]))
    assert not why_blank(np.array([[0.0, 20.0, 40.0] * 20]))


@pytest.mark.parametrize(("white", "is_blank"), [(2997, False), (2998, True)])
def test_an_image_is_blank_with_more_than_999_per_mille_at_one_end(white: int, is_blank: bool) -> None:
    """Beside three pixels within the window, 2,997 white ones are exactly 999 per mille."""
    values = np.array([[3000.0] * white + [0.0, 50.0, 100.0]])
    assert bool(why_blank(values)) == is_blank


def test_an_image_is_blank_by_the_levels_of_its_volume() -> None:
    """A dark slice of a bright volume."""
    values = np.array([[0.0, 1.0] * 20])
    assert not why_blank(np.array([[0.0, 1.0, 2.0] * 20]), MINMAX)
    assert why_blank(values, MINMAX, (0, 10_000))


def test_a_named_window_has_the_usual_numbers() -> None:
    """Lung: -600 +- 750 HU."""
    rule = Intensity(window="lung")
    assert levels(row_of(0), rule) == (-1350, 150)
    assert rule.label == "window(-600,1500)/slice"


def test_the_window_of_a_header_takes_its_place() -> None:
    """In the numbers of the file, which the rows name; without one, the image is refused."""
    rule = Intensity(window="header", per="volume")
    assert resolved(rule, Known(window=(10, 20))).label == "window(10,20)/volume"
    with pytest.raises(DataError, match="needs a DICOM file with one window"):
        resolved(rule, Known())


def test_a_range_of_suv_is_turned_into_the_numbers_of_the_file() -> None:
    """0.5 SUV for each unit of the file: 10 SUV are 20 units."""
    rule = Intensity(suv=(0, 10))
    assert levels(row_of(0), resolved(rule, Known(suv_factor=0.5))) == (0, 20)
    assert levels(row_of(0), resolved(rule, Known())) == (0, 10)
    assert rule.label == "suv(0,10)/slice"
    with pytest.raises(DataError, match="PatientWeight"):
        resolved(rule, Known(suv_lacking="PatientWeight is missing"))
