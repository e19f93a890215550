"""How an image's values become uint8: scaled in float64, then truncated, as in the published study. Pure."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from job.datasets.counting import all_equal, histogram
from job.datasets.known import Known
from job.errors import DataError
from job.study.intensity import HEADER, Intensity

MOST_AT_ONE_END = 0.999
"""Share of pixels that are black, or white, above which an image counts as blank."""
SAMPLED_ROWS = 16  # every so-many-th row is counted first
BLOCK = 1 << 22  # values that are scaled at a time: in float64 a large image would take eight times its memory


def resolved(rule: Intensity, known: Known) -> Intensity:
    """Return a rule in the numbers of the file, in place of what the file's header states.

    Raise DataError if the header does not state it.
    """
    if rule.window == HEADER:
        if known.window is None:
            detail = "`window: header` needs a DICOM file with one window for all slices; state centre and width"
            raise DataError("no window", detail)
        return rule.model_copy(update={"window": known.window})
    if rule.suv and known.suv_lacking:
        raise DataError("no SUV", known.suv_lacking)
    if rule.suv and known.suv_factor:
        lower, upper = rule.suv
        return rule.model_copy(update={"suv": (lower / known.suv_factor, upper / known.suv_factor)})
    return rule


def levels(values: NDArray[Any], rule: Intensity) -> tuple[float, float]:
    """Return the values that become 0 and 255, of an image HxW[x3] or a whole volume XYZ.

    Values that are not finite are ignored. Volumes often have some outside the field of view; a slice with any is
    refused on its own, and the other slices of its volume stay usable.
    """
    if rule.centre_and_width:
        centre, width = rule.centre_and_width
        return centre - width / 2, centre + width / 2
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise DataError("non-finite values", "no value is finite")
    if rule.percentiles:
        lower, upper = np.percentile(finite.astype(np.float64), rule.percentiles, overwrite_input=True)
        return float(lower), float(upper)
    lowest, highest = float(finite.min()), float(finite.max())
    if rule.scale == "minmax":
        return lowest, highest
    if lowest < 0:
        raise DataError(
            "negative values",
            f"minimum {lowest:g}, but intensity `scale: max` expects 0 and above; "
            "use minmax, percentiles or window in the spec",
        )
    return 0.0, highest


def blank(
    values: NDArray[Any], image_HWC: NDArray[np.uint8], rule: Intensity, volume_levels: tuple[float, float] | None
) -> str:
    """Return why a converted image shows next to nothing, or "": two greys at most, or nearly all of it at one end."""
    greys_HWC = image_HWC if values.ndim == 3 else image_HWC[..., :1]  # of a grey image, all channels are the same
    if _shows_something(greys_HWC):
        return ""
    counts = histogram(greys_HWC, 256)
    at_one_end = max(counts[0], counts[255]) / greys_HWC.size
    if np.count_nonzero(counts) > 2 and at_one_end <= MOST_AT_ONE_END:
        return ""
    lower, upper = volume_levels or levels(values, rule)
    greys = ", ".join(str(grey) for grey in np.flatnonzero(counts)[:3])
    return (
        f"after {rule.label} {at_one_end:.1%} of the pixels are 0 or 255 (greys {greys}); the values run from "
        f"{values.min():g} to {values.max():g}, the rule from {lower:g} to {upper:g}; check the window, or use minmax"
    )


def _shows_something(greys_HWC: NDArray[np.uint8]) -> bool:
    """Return whether a part of the rows is enough to know that the image is not blank; most images are known so."""
    counts = histogram(np.ascontiguousarray(greys_HWC[::SAMPLED_ROWS]), 256)
    return bool(np.count_nonzero(counts) > 2 and counts[1:255].sum() > (1 - MOST_AT_ONE_END) * greys_HWC.size)


def to_rgb(
    values: NDArray[Any], rule: Intensity, volume_levels: tuple[float, float] | None = None
) -> NDArray[np.uint8]:
    """Convert one image HxW or HxWx3 to uint8 RGB HxWx3, by the levels of its volume if given, else by its own.

    An image whose values are all equal becomes zeros.
    """
    if not np.isfinite(values).all():
        raise DataError(
            "non-finite values", f"{np.count_nonzero(~np.isfinite(values))} of {values.size} values are NaN or infinite"
        )
    lower, upper = volume_levels or levels(values, rule)
    if all_equal(values):
        scaled = np.zeros(values.shape, np.uint8)
    elif not 0 < upper - lower < np.inf:
        raise DataError("no intensity range", f"{rule.label} goes from {lower:g} to {upper:g}; use minmax or window")
    else:
        scaled = _scaled(values, lower, upper)
    return scaled if scaled.ndim == 3 else np.asarray(cv2.cvtColor(scaled, cv2.COLOR_GRAY2RGB), np.uint8)


def _scaled(values: NDArray[Any], lower: float, upper: float) -> NDArray[np.uint8]:
    """Scale the range between two levels to 0..255, a block of rows at a time."""
    scaled = np.empty(values.shape, np.uint8)
    rows = max(1, BLOCK * len(values) // max(1, values.size))
    for start in range(0, len(values), rows):
        shares = (values[start : start + rows].astype(np.float64) - lower) / (upper - lower)
        scaled[start : start + rows] = np.clip(shares, 0, 1) * 255
    return scaled
