"""A random anatomy: the label map, and the regions without a label that surround its objects."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from job.datasets.generated import shapes
from job.datasets.generated.fields import Cut, Mask
from job.datasets.generated.shapes import Place

LABELS: Mapping[str, int] = MappingProxyType({"organ": 1, "lesion": 2, "vessel": 3, "wall": 4})
"""organ: large and compact, sometimes a pair, or ragged. lesion: small, one or several, often inside an organ. vessel:
long and thin, tubes with branches or folded sheets. wall: a ring around a cavity. They are painted in the order organ,
wall, vessel, lesion; a later one covers an earlier one."""

AIR = 0
"""The region outside the body. Tissues have the next numbers, then distractors, then the labels from `FIRST_LABEL`."""
FIRST_LABEL = 100
SMALLEST_PX = 12
"""Objects with fewer pixels in a slice of 256 x 256 px are removed from it."""


def anatomy(cut: Cut) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return regions_HW and labels_HW, both uint8. A region has one tissue; label k is region `FIRST_LABEL + k`."""
    regions = _tissues(cut)
    air = regions == AIR
    centre = (cut.between(-0.15, 0.15), cut.between(-0.15, 0.15))
    last_tissue = int(regions.max())
    for index in range(int(cut.rng.integers(1, 7))):  # at most 6 distractors
        regions[_distractor(cut, centre)] = last_tissue + 1 + index
    labels = np.zeros_like(regions)
    _objects(cut, centre, regions, labels, cavity=last_tissue + 7)
    if cut.chance(0.9):
        labels[air], regions[air] = 0, AIR
    present = np.bincount(labels.ravel(), minlength=len(LABELS) + 1)
    small = (present > 0) & (present < SMALLEST_PX * (cut.side / 256) ** 2)
    labels[small[labels]] = 0
    spare = shapes.blob(cut, centre, 0.3)  # always drawn: the sequence of draws must not depend on the slice
    if not labels.any():
        labels[spare if spare.any() else np.hypot(cut.x_HW, cut.y_HW) < 0.2] = LABELS["organ"]
    return np.where(labels > 0, FIRST_LABEL + labels, regions).astype(np.uint8), labels


def _tissues(cut: Cut) -> NDArray[np.uint8]:
    """Divide the slice into a few tissues, and mostly into a body (or an ultrasound sector) and the air around it."""
    count = int(cut.rng.integers(1, 6))
    cells = cut.scale_between(1.5, 6.0)
    strongest = np.argmax([cut.smooth(cells) for _ in range(count)], axis=0) if count > 1 else 0
    regions = np.full((cut.side, cut.side), 1, np.uint8) + np.asarray(strongest, np.uint8)
    outline = shapes.radius(
        cut, (cut.between(-0.1, 0.1), cut.between(-0.1, 0.1)), cut.between(0.7, 1.1), rough=0.05, aspect=0.65
    )
    top, has_sector = cut.between(-1.6, -1.1), cut.chance(0.1)
    if has_sector:
        depth = cut.y_HW - top
        outline = np.maximum(np.hypot(cut.x_HW, depth) / (1 - top), np.abs(cut.x_HW) / (0.85 * np.maximum(depth, 0.1)))
    skin, fat = cut.between(0.01, 0.05), cut.between(0.02, 0.15)
    has_air, has_skin, has_fat = cut.chance(0.6), cut.chance(0.5), cut.chance(0.5)
    if has_fat:
        regions[outline > 1 - skin - fat] = count + 1
    if has_skin:
        regions[outline > 1 - skin] = count + 2
    if has_air:
        regions[outline > 1] = AIR
    return regions


def _objects(cut: Cut, centre: Place, regions: NDArray[np.uint8], labels: NDArray[np.uint8], *, cavity: int) -> None:
    """Paint this patient's objects into `labels`, and the cavities of walls into `regions`, as region `cavity`."""
    has = {name: cut.chance(p) for name, p in (("organ", 0.8), ("wall", 0.35), ("vessel", 0.4), ("lesion", 0.55))}
    near = _near(cut, centre, 0.35)
    organ = _organ(cut, near)
    if has["organ"]:
        labels[organ] = LABELS["organ"]
    wall, inside = shapes.ring(cut, _near(cut, centre, 0.4), cut.scale_between(0.1, 0.5))
    if has["wall"]:
        labels[inside], regions[inside] = 0, cavity
        labels[wall] = LABELS["wall"]
    sheet = cut.chance(0.3)
    vessel = _vessel(cut, sheet, _near(cut, centre, 0.4))
    if has["vessel"]:
        labels[vessel] = LABELS["vessel"]
    place = _near(cut, near if cut.chance(0.6) else centre, 0.2)
    lesion = shapes.spots(cut, place, cut.scale_between(0.02, 0.14))
    if has["lesion"]:
        labels[lesion] = LABELS["lesion"]


def _organ(cut: Cut, place: Place) -> Mask:
    size = cut.scale_between(0.12, 0.65)
    kind = cut.rng.choice(["blob", "pair", "patches"], p=[0.65, 0.2, 0.15])
    if kind == "pair":
        return shapes.pair(cut, place, min(size, 0.35))
    return shapes.blob(cut, place, size) if kind == "blob" else shapes.patches(cut, place, size)


def _vessel(cut: Cut, sheet: bool, place: Place) -> Mask:
    size = cut.scale_between(0.2, 0.6)
    return shapes.membrane(cut, place, size) if sheet else shapes.tube(cut, place, size)


def _distractor(cut: Cut, centre: Place) -> Mask:
    """Draw a structure that looks like an object but has no label."""
    kind = cut.rng.choice(["blob", "tube", "ring", "spots", "patches"], p=[0.35, 0.2, 0.15, 0.2, 0.1])
    place, size = _near(cut, centre, 0.5), cut.scale_between(0.04, 0.4)
    if kind == "ring":
        return shapes.ring(cut, place, max(size, 0.1))[0]
    if kind == "spots":
        return shapes.spots(cut, place, 0.4 * size)
    return {"blob": shapes.blob, "tube": shapes.tube, "patches": shapes.patches}[kind](cut, place, size)


def _near(cut: Cut, place: Place, away: float) -> Place:
    x, y = (np.clip(axis + cut.rng.normal() * away, -0.8, 0.8) for axis in place)
    return float(x), float(y)
