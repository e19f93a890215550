"""Limits on the sizes of images, slices and volumes, checked before anything is decoded."""

from __future__ import annotations

import math
from collections.abc import Sequence

from job.errors import DataError

MAX_ASPECT = 200
"""Longer side over shorter. Models resize the longer side to at least 256 px, so the shorter keeps at least 1 px."""
VOLUME_SLICES = 10
"""A volume may have as many voxels as this number of slices of the largest size that the spec allows."""
MAX_AXIS = 1 << 16
"""Voxels along an axis. A header may claim more slices than a plan can list."""


def check_plane(height: int, width: int, max_px: int) -> None:
    """Raise DataError for a 2D image or a slice with more than `max_px` pixels, or too narrow for a model."""
    if height * width > max_px:
        raise DataError(
            "too large", f"{height} x {width} pixels (height x width); execution.max_image_px allows {max_px}"
        )
    if max(height, width) > MAX_ASPECT * min(height, width):
        raise DataError("too narrow", f"{height} x {width} pixels; one side is over {MAX_ASPECT} times the other")


def check_volume(shape: tuple[int, int, int], max_px: int) -> None:
    """Raise DataError for a volume with more than `VOLUME_SLICES` times `max_px` voxels."""
    if math.prod(shape) > VOLUME_SLICES * max_px:
        raise DataError(
            "too large",
            f"{as_text(shape)} voxels; execution.max_image_px allows {max_px} pixels, "
            f"and {VOLUME_SLICES} times as many voxels",
        )


def check_axes(shape: Sequence[int]) -> None:
    """Raise DataError for an axis of more than `MAX_AXIS` voxels."""
    if max(shape) > MAX_AXIS:
        raise DataError("too large", f"{as_text(shape)} voxels; at most {MAX_AXIS} along an axis")


def check_same(image: Sequence[int], other: Sequence[int], role: str = "mask") -> None:
    """Raise DataError if a mask or channel has another size than its image: height and width, or voxels by axis."""
    if image != other:
        raise DataError("size mismatch", f"the image is {as_text(image)}, the {role} {as_text(other)}")


def as_text(lengths: Sequence[int]) -> str:
    """Return a size as text, such as `4 x 5 x 6`."""
    return " x ".join(map(str, lengths))
