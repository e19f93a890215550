"""The conformance suite of formats of volumes, for formats of other packages as for our own. It needs pytest.

A package's test module subclasses `VolumeFormatSuite`, whose names pytest finds:

    class TestMyFormat(VolumeFormatSuite):
        form = my_format

        def write(self, path, values, affine):
            ...
"""

from __future__ import annotations

import math
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.orientations import apply_orientation, axcodes2ornt, inv_ornt_aff, ornt_transform
from numpy.typing import NDArray

from job.datasets.formats.volume import canonical_volume
from job.errors import DataError
from job.storage import FileInfo

AXES = ["".join(codes) for axis in permutations(("LR", "PA", "IS")) for codes in product(*axis)]
"""The 48 orders and directions in which the axes of a volume can be stored."""
SPACING = (0.5, 0.75, 2.0)  # exact in binary
ORIGIN = (-20.0, 30.0, 10.5)


class VolumeFormatSuite:
    """What a format of volumes has to hold.

    form: the format. oriented: whether its files state where their axes lead. inside: what is meant inside a file, if a
    file holds several arrays. write: writes a file, and is given the
    values as stored (three axes, int16) and their affine, 4x4 to mm in RAS+.
    """

    form: Any
    oriented = True
    inside = ""

    def write(self, path: Path, values: NDArray[Any], affine: NDArray[np.float64]) -> None:
        """Write a volume to a path that ends in the first of the format's endings."""
        raise NotImplementedError

    def test_the_endings_are_in_lower_case_and_begin_with_a_dot(self) -> None:
        """Names of files are compared in lower case."""
        assert self.form.ENDINGS
        assert all(ending == ending.lower() and ending[:1] == "." for ending in self.form.ENDINGS)

    def test_values_are_as_stored(self, tmp_path: Path) -> None:
        """The header states their shape, and their bytes in memory at most."""
        values, affine = _stored("RAS")
        file = self._written(tmp_path, values, affine)
        header, read = self.form.read_header(file), self.form.read_values(file)
        assert header.shape == values.shape
        assert np.array_equal(read, values)
        assert read.nbytes <= header.value_bytes * math.prod(header.shape)

    def test_a_volume_is_the_same_in_whatever_order_it_is_stored(self, tmp_path: Path) -> None:
        """All 48 orders and directions of the axes give the same canonical volume and the same place of each voxel."""
        for codes in AXES if self.oriented else ():
            file = self._written(tmp_path / codes, *_stored(codes))
            volume = canonical_volume(self.form.read_values(file), self.form.read_header(file))
            assert np.array_equal(volume.values_XYZ, _phantom()), codes
            assert np.allclose(volume.header.grid.affine, _affine(), atol=1e-4), codes

    def test_whether_the_file_states_an_orientation_is_told(self, tmp_path: Path) -> None:
        """So that nothing is assumed in silence."""
        assert self.form.read_header(self._written(tmp_path, *_stored("LPS"))).oriented == self.oriented

    def test_a_damaged_file_is_refused(self, tmp_path: Path) -> None:
        """Cut anywhere, or another file altogether: DataError, by the header or with the values."""
        file = self._written(tmp_path, *_stored("RAS"))
        data = Path(file.address).read_bytes()
        for part in (b"", b"no volume at all", data[: len(data) // 4], data[: len(data) - 40]):
            Path(file.address).write_bytes(part)
            try:
                self._read_all(self._listed(Path(file.address)))
            except DataError as error:
                assert error.detail
            else:
                raise AssertionError(f"{len(part)} of {len(data)} bytes were read as a volume")

    def _read_all(self, file: FileInfo) -> None:
        self.form.read_header(file)
        self.form.read_values(file)

    def _written(self, folder: Path, values: NDArray[Any], affine: NDArray[np.float64]) -> FileInfo:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"case{self.form.ENDINGS[0]}"
        self.write(path, values, affine)
        return self._listed(path)

    def _listed(self, path: Path) -> FileInfo:
        return FileInfo(address=str(path), size=path.stat().st_size, version="", inside=self.inside)


def _phantom() -> NDArray[np.int16]:
    """Return a canonical volume in which no two voxels are alike, so that every turn shows."""
    return np.arange(5 * 7 * 4, dtype=np.int16).reshape(5, 7, 4)


def _affine() -> NDArray[np.float64]:
    affine = np.diag([*SPACING, 1.0])
    affine[:3, 3] = ORIGIN
    return affine


def _stored(codes: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the phantom with its axes stored in the given directions, and its affine."""
    turn = ornt_transform(axcodes2ornt("RAS"), axcodes2ornt(codes))
    values = np.ascontiguousarray(apply_orientation(_phantom(), turn))
    return values, _affine() @ inv_ornt_aff(turn, _phantom().shape)
