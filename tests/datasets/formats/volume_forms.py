"""Every way in which nibabel writes a label map as a volume: types, axis orders, affines, byte orders, slopes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

DTYPES = ["u1", "i1", "u2", "i2", "u4", "i4", "i8", "f4", "f8"]
KINDS = [nib.Nifti1Image, nib.Nifti2Image]
LABELS = (1, 2, 100)
SLOPES = [(1.0, 0.0), (0.5, 0.0), (1 / 3, -2.0)]
ORDERS = list(product(permutations(range(3)), product((1, -1), repeat=3)))
"""Which anatomical axis each stored axis follows, and in which direction."""


@dataclass(frozen=True)
class Written:
    """How a volume is written. order: as in ORDERS. forms: which of the two affines the header states."""

    dtype: str
    order: tuple[tuple[int, ...], tuple[int, ...]]
    forms: str
    kind: Any
    byteorder: str
    slope: tuple[float, float]
    suffix: str

    def write(self, path: Path, values_XYZ: NDArray[Any], affine: NDArray[np.float64]) -> Path:
        """Write a volume whose first index runs to the right, the second to the front, the third upwards."""
        axes, directions = self.order
        stored = values_XYZ.transpose(axes)[tuple(slice(None, None, direction) for direction in directions)]
        to_canonical = np.zeros((4, 4))
        to_canonical[3, 3] = 1
        for index, (axis, direction) in enumerate(self.order_pairs):
            to_canonical[axis, index] = direction
            to_canonical[axis, 3] = values_XYZ.shape[axis] - 1 if direction < 0 else 0
        header = self.kind.header_class(endianness=self.byteorder)
        header.set_data_dtype(self.dtype)
        slope, intercept = self.slope if np.dtype(self.dtype).kind != "f" else (1.0, 0.0)
        raw = np.rint((stored - intercept) / slope).astype(np.dtype(self.dtype).newbyteorder(self.byteorder))
        image = self.kind(raw, None, header)
        placed = affine @ to_canonical
        image.header.set_sform(placed, 1 if "s" in self.forms else 0)
        image.header.set_qform(placed, 1 if "q" in self.forms else 0)
        image.header.set_slope_inter(slope, intercept)
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(image, path)
        return path

    @property
    def order_pairs(self) -> list[tuple[int, int]]:
        return list(zip(*self.order, strict=True))


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Draw a way to write a volume."""
    dtype = draw(st.sampled_from(DTYPES))
    return Written(
        dtype=dtype,
        order=draw(st.sampled_from(ORDERS)),
        forms=draw(st.sampled_from(["s", "q", "sq"])),
        kind=draw(st.sampled_from(KINDS)),
        byteorder=draw(st.sampled_from("<>")),
        slope=draw(st.sampled_from(SLOPES)) if dtype not in ("u1", "i1") else (1.0, 0.0),
        suffix=draw(st.sampled_from([".nii", ".nii.gz"])),
    )


@st.composite
def label_volumes(draw: st.DrawFn) -> NDArray[np.int64]:
    """Draw a label map XYZ of three different lengths, RAS+."""
    shape = draw(st.permutations([2, 3, 5]))
    labels = draw(st.lists(st.sampled_from((0, 0, *LABELS)), min_size=30, max_size=30))
    return np.array(labels, np.int64).reshape(shape)


@st.composite
def affines(draw: st.DrawFn) -> NDArray[np.float64]:
    """Draw a placement: voxels of 0.5 to 4 mm, turned by up to 8 degrees about an axis, anywhere."""
    steps = np.diag([draw(st.sampled_from([0.5, 1.0, 2.5, 4.0])) for _ in range(3)])
    angle = np.deg2rad(draw(st.integers(-8, 8)))
    first, second = draw(st.sampled_from([(0, 1), (0, 2), (1, 2)]))
    turn = np.eye(3)
    turn[[first, second], [first, second]] = np.cos(angle)
    turn[first, second], turn[second, first] = -np.sin(angle), np.sin(angle)
    affine = np.eye(4)
    affine[:3, :3] = turn @ steps
    affine[:3, 3] = [draw(st.integers(-90, 90)) + 0.5 for _ in range(3)]
    return affine
