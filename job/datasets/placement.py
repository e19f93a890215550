"""Whether the mask of a volume lies on its image, as their two headers tell it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from job.datasets.formats.nifti import VolumeHeader
from job.datasets.geometry import reordered
from job.datasets.layers import check_same_size
from job.errors import DataError

SHIFT_VOXELS = 0.1  # float32 headers of one scan differ by far less, a wrong one by far more
FLIP_VOXELS = 1.0  # whether an origin is a voxel's centre or corner is less; what is turned over is mostly far more


def check(image: VolumeHeader, mask: VolumeHeader) -> tuple[str, str] | None:
    """Refuse a mask of another size, or one that may be mirrored; give reason and detail of what is merely strange."""
    if image.oriented != mask.oriented:
        check_same_size(image.grid.stored_shape, mask.grid.stored_shape)
        silent = "mask" if image.oriented else "image"
        detail = f"the {silent}'s header has neither sform nor qform; the mask is read in the voxel order of the image"
        return "orientation unknown", detail
    check_same_size(image.grid.shape_XYZ, mask.grid.shape_XYZ)
    shift = image.grid.displacement(mask.grid)
    apart = f"the affines of image and mask lie up to {shift:.3g} voxels apart"
    if shift > FLIP_VOXELS and image.grid.codes != mask.grid.codes:
        raise DataError(
            "affines differ",
            f"{apart}, the image is stored as {image.grid.codes}, the mask as {mask.grid.codes}: it would be mirrored "
            "or turned; resample it to the image, or, if their voxels are in one order, give it the image's header",
        )
    return ("affines differ", f"{apart}; used as if they agreed") if shift > SHIFT_VOXELS else None


def placed(mask_XYZ: NDArray[Any], image: VolumeHeader, mask: VolumeHeader) -> NDArray[Any]:
    """Give a mask in the image's voxel order, where only one of the two headers says what its order is. A view."""
    return reordered(mask_XYZ, mask.grid.codes, image.grid.codes) if image.oriented != mask.oriented else mask_XYZ
