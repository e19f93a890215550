"""Where the voxels of an NRRD file lie: its space, directions, spacings and units. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.formats.nrrd_header import NrrdHeader, vectors
from job.datasets.geometry import along_axes
from job.errors import DataError

COLUMNS_ROWS_SLICES = "LPS"
"""The axes of a stack of pictures, as axial slices are shown, the columns' index first."""
OPPOSITE = {"left": ("right", -1.0), "posterior": ("anterior", -1.0), "inferior": ("superior", -1.0)}
RAS = ("right", "anterior", "superior")
SHORT = {"ras": "right-anterior-superior", "las": "left-anterior-superior", "lps": "left-posterior-superior"}
UNITS_MM = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001, "micron": 0.001, "nm": 1e-6}
UNITS_MM |= {"millimeter": 1.0, "millimetre": 1.0, "micrometer": 0.001, "micrometre": 0.001, "meter": 1000.0}


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """The place of the three axes of a volume, as in `StoredHeader`."""

    affine: NDArray[np.float64]
    oriented: bool
    spacing_mm: tuple[float, float, float] | None
    doubts: tuple[Doubt, ...] = ()


def place(header: NrrdHeader) -> Space:
    """Return where the axes of a volume lie. Without directions in an anatomical space, it has no orientation."""
    unit_mm, doubts = _unit_mm(header)
    directions = vectors(header.fields.get("space directions", ""))
    if not directions:
        spacing = _spacings(header, unit_mm)
        return _unplaced(spacing, doubts if spacing else ())
    steps = np.array([_vector(directions[axis]) for axis in header.domain]).T * unit_mm
    x_mm, y_mm, z_mm = (float(length) for length in np.linalg.norm(steps, axis=0))
    signs = _anatomical(header.fields.get("space", ""))
    if signs is None:
        return _unplaced((x_mm, y_mm, z_mm), doubts)
    affine = np.eye(4)
    affine[:3, :3] = signs @ steps
    origin = vectors(header.fields.get("space origin", ""))
    if not origin:
        detail = "the header states no `space origin`; the first voxel is placed at 0, 0, 0"
        doubts = (*doubts, Doubt(reason="position unknown", detail=detail))
    affine[:3, 3] = signs @ (np.array(_vector(origin[0])) * unit_mm) if origin else 0
    return Space(affine=affine, oriented=True, spacing_mm=(x_mm, y_mm, z_mm), doubts=doubts)


def _unplaced(spacing_mm: tuple[float, float, float] | None, doubts: tuple[Doubt, ...]) -> Space:
    affine = along_axes(COLUMNS_ROWS_SLICES, spacing_mm or (1.0, 1.0, 1.0))
    return Space(affine=affine, oriented=False, spacing_mm=spacing_mm, doubts=doubts)


def _spacings(header: NrrdHeader, unit_mm: float) -> tuple[float, float, float] | None:
    """Return the millimetres between voxels along the three axes; None unless all are stated."""
    stated = header.fields.get("spacings", "").split()
    try:
        x_mm, y_mm, z_mm = (float(stated[axis]) * unit_mm for axis in header.domain)
    except (IndexError, ValueError):
        return None
    return (x_mm, y_mm, z_mm) if all(np.isfinite(mm) and mm > 0 for mm in (x_mm, y_mm, z_mm)) else None


def _unit_mm(header: NrrdHeader) -> tuple[float, tuple[Doubt, ...]]:
    """Return the millimetres of the file's unit of length; a file without a unit means millimetres."""
    named = [name for name in _quoted(header.fields.get("space units") or header.fields.get("units", "")) if name]
    units = {name.lower() for name in named}
    if len({UNITS_MM.get(unit, unit) for unit in units}) > 1:
        raise DataError("unreadable", f"the units of length differ: {', '.join(sorted(units))[:80]}")
    unit = next(iter(units), "mm")
    if unit in UNITS_MM:
        return UNITS_MM[unit], ()
    detail = f"the unit of length {unit[:80]!r} is not known; lengths are taken as millimetres"
    return 1.0, (Doubt(reason="unit unknown", detail=detail),)


def _quoted(text: str) -> Iterator[str]:
    """Yield the quoted words of a field such as `"mm" "mm" ""`. Axes without a unit have an empty or no-value word."""
    for word in text.replace('"', " ").split():
        if word not in ("???", "none"):
            yield word


def _anatomical(space: str) -> NDArray[np.float64] | None:
    """Return the 3x3 matrix from a space, such as left-posterior-superior, to RAS+; None if it is not anatomical."""
    words = SHORT.get(space.lower(), space.lower()).split("-")
    named = [OPPOSITE.get(word, (word, 1.0)) for word in words]
    if sorted(name for name, _ in named) != sorted(RAS):
        return None
    matrix = np.zeros((3, 3))
    for column, (name, sign) in enumerate(named):
        matrix[RAS.index(name), column] = sign
    return matrix


def _vector(vector: list[float] | None) -> list[float]:
    if vector is None or len(vector) != 3 or not np.isfinite(vector).all():
        raise DataError("unreadable", f"an NRRD header with the vector {vector}; expected 3 finite numbers")
    return vector
