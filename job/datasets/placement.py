"""Whether a mask fits on its image: their sizes and, for volumes, the positions that their headers state."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from job.datasets import sizes
from job.datasets.formats.volume import VolumeHeader
from job.datasets.geometry import reordered
from job.datasets.layers import Head, Layer
from job.errors import DataError

SHIFT_VOXELS = 0.1  # rounding an affine to float32 moves a grid by far less, a wrong header by far more
FLIP_VOXELS = 1.0  # an origin at a voxel's corner, not its centre, moves a grid by less; a flip mostly by far more


def check(image: Head, mask: Head) -> tuple[str, str] | None:
    """Raise DataError if the mask has another size or may be mirrored.

    Return reason and detail of a warning if it can be used but is doubtful, else None.
    """
    if image.header is None or mask.header is None:
        sizes.check_same(image.size, mask.size)
        return None
    return _check_volumes(image.header, mask.header)


def check_equal(image: Head, channel: Head, name: str) -> None:
    """Raise DataError unless a channel has the image's size and, if it is a volume, lies where the image lies."""
    if image.header is None or channel.header is None:
        sizes.check_same(image.size, channel.size, name)
        return
    own, other = image.header, channel.header
    sizes.check_same(own.grid.shape_XYZ, other.grid.shape_XYZ, name)
    shift = own.grid.displacement(other.grid)
    if own.oriented != other.oriented or shift > SHIFT_VOXELS:
        detail = f"the affines of image and {name} are up to {shift:.3g} voxels apart"
        unoriented = f"one of image and {name} states no orientation"
        expected = "channels lie on the image's grid: resample them to it"
        raise DataError("affines differ", f"{detail if own.oriented == other.oriented else unoriented}; {expected}")


def on_grid_of(image: Head, mask: Head) -> Head:
    """Return a mask's head on the image's grid, for masks whose voxels are in the image's order (`grid: image`)."""
    if image.header is None or mask.header is None:
        return mask
    sizes.check_same(image.header.grid.stored_shape, mask.header.grid.stored_shape)
    return image


def mask_on_image(image: Layer, mask: Layer, *, same_order: bool = False) -> NDArray[Any]:
    """Return the values of a mask in the image's voxel order. A view.

    If only one of two volumes states an orientation, or with `same_order`, their voxels are stored in the same order.
    """
    if image.header is None or mask.header is None or image.header.grid.codes == mask.header.grid.codes:
        return mask.values
    if image.header.oriented == mask.header.oriented and not same_order:
        return mask.values
    return reordered(mask.values, mask.header.grid.codes, image.header.grid.codes)


def _check_volumes(image: VolumeHeader, mask: VolumeHeader) -> tuple[str, str] | None:
    if image.oriented != mask.oriented:
        sizes.check_same(image.grid.stored_shape, mask.grid.stored_shape)
        unoriented = "mask" if image.oriented else "image"
        detail = f"the {unoriented}'s header states no orientation; the mask is read in the image's voxel order"
        return "orientation unknown", detail
    sizes.check_same(image.grid.shape_XYZ, mask.grid.shape_XYZ)
    shift = image.grid.displacement(mask.grid)
    distance = f"the affines of image and mask are up to {shift:.3g} voxels apart"
    if shift > FLIP_VOXELS and image.grid.codes != mask.grid.codes:
        raise DataError(
            "affines differ",
            f"{distance}, the image is stored as {image.grid.codes}, the mask as {mask.grid.codes}: it would be "
            "mirrored or turned; resample it to the image or, if their voxels are in the same order, "
            "copy the image's header to it",
        )
    return ("affines differ", f"{distance}; used as if they agreed") if shift > SHIFT_VOXELS else None
