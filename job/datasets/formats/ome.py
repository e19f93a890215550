"""What OME-Zarr's attributes say of an image: its levels, and the axes of each (versions 0.1 to 0.5). Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

UNITS_MM = {"millimeter": 1.0, "centimeter": 10.0, "meter": 1000.0, "micrometer": 0.001, "nanometer": 1e-6}
ORIENTATIONS = {
    "left-to-right": "R",
    "right-to-left": "L",
    "posterior-to-anterior": "A",
    "anterior-to-posterior": "P",
    "inferior-to-superior": "S",
    "superior-to-inferior": "I",
}
"""Of OME-Zarr's RFC 4, anatomical orientation."""


@dataclass(frozen=True, kw_only=True)
class Axis:
    """An axis: its name in lower case, millimetres between its elements and before the first, where it leads."""

    name: str
    step_mm: float | None = None
    start_mm: float = 0.0
    direction: str = ""


def level_of(attributes: Mapping[str, Any], path: str | None = None) -> dict[str, Any] | None:
    """Return what OME-Zarr states of level 0, or of the level with a path; None if it is no image of OME-Zarr.

    Of several images, level 0 is that of the first; a path may be of any.
    """
    levels = [level for image in images_of(attributes) for level in image["datasets"]]
    return next((level for level in levels if path is None or level["path"] == path), None)


def images_of(attributes: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return OME-Zarr's descriptions of images; version 0.5 has them in `ome`."""
    return attributes.get("ome", attributes).get("multiscales") or []


def axes_of(attributes: Mapping[str, Any], level: Mapping[str, Any]) -> tuple[Axis, ...]:
    """Return the axes of a level. Before version 0.4 they had names alone, before 0.3 not even these."""
    image = next(image for image in images_of(attributes) if level in image["datasets"])
    stated = image.get("axes") or []
    transformations = [*(level.get("coordinateTransformations") or []), *(image.get("coordinateTransformations") or [])]
    axes = []
    for index, each in enumerate(stated):
        described: Mapping[str, Any] = {"name": each} if isinstance(each, str) else each
        unit_mm = UNITS_MM.get(str(described.get("unit")))
        step, start = 1.0, 0.0
        for one in transformations:
            if one["type"] == "scale":
                step, start = step * float(one["scale"][index]), start * float(one["scale"][index])
            elif one["type"] == "translation":
                start += float(one["translation"][index])
        known = unit_mm is not None and math.isfinite(step) and step > 0 and math.isfinite(start) and transformations
        axes.append(
            Axis(
                name=str(described["name"]).lower(),
                step_mm=step * unit_mm if known and unit_mm else None,
                start_mm=start * unit_mm if known and unit_mm else 0.0,
                direction=ORIENTATIONS.get(str((described.get("orientation") or {}).get("value")), ""),
            )
        )
    return tuple(axes)
