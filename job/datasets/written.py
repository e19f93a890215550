"""Masks of slices as a NIfTI volume in the geometry of their image, for viewers that lay one over the other."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

import nibabel
import numpy as np
from numpy.typing import NDArray

from job.datasets.formats.volume import canonical_header
from job.datasets.formats.volumes import read_stored
from job.datasets.geometry import Grid, slice_at, to_stored
from job.datasets.layers import faults_named
from job.datasets.sample import Axis
from job.datasets.slicing import axis_of
from job.datasets.source import Source
from job.errors import DataError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset

SCANNER = 1
"""NIfTI's code of coordinates that the scanner gave."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Geometry:
    """Where the voxels of a volume lie.

    grid, axis: as slices were cut. affine: 4x4, index to mm in RAS+, of a file whose axes lead in the directions
    `codes`, such as LPS.
    """

    grid: Grid
    axis: Axis
    codes: str
    affine: NDArray[np.float64]

    def nifti(self, masks: Mapping[int, NDArray[np.bool_]]) -> bytes:
        """Return a compressed NIfTI file of a whole volume, uint8: 1 inside the masks, by slice, and 0 elsewhere."""
        values_XYZ = np.zeros(self.grid.shape_XYZ, np.uint8)
        for index, mask_HW in masks.items():
            slice_at(values_XYZ, self.axis, index)[...] = mask_HW
        image = nibabel.Nifti1Image(to_stored(values_XYZ, self.codes), self.affine)
        image.header.set_xyzt_units("mm")
        image.set_sform(self.affine, SCANNER)
        image.set_qform(self.affine, SCANNER)  # without shear, which it cannot hold
        return gzip.compress(image.to_bytes(), mtime=0)


def read_geometry(dataset: Dataset, source: Source, cache: InputCache) -> Geometry:
    """Read the geometry of a volume: that of its file, in which viewers show it, in their order of voxels.

    Where the file states no orientation and the spec does (`axes`), it is the spec's. Raise DataError for an image
    that is no volume or cannot be read.
    """
    with faults_named(source.file, "image"):
        if not source.is_volume or not isinstance(source.file, FileInfo):
            raise DataError("no volume", "a 2D image has no geometry")
        stored = read_stored(cache.local_file(source.file))
        grid = canonical_header(stored, source.axes).grid
        affine = stored.affine if stored.oriented or source.axes is None else grid.stored_affine
        order = [2, 1, 0] if stored.slices_first else [0, 1, 2]
        return Geometry(
            grid=grid,
            axis=axis_of(dataset, source),
            codes="".join(grid.codes[index] for index in order),
            affine=affine[:, [*order, 3]],
        )
