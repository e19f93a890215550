"""One structure each, as a mask of the slice: what organs, lesions, vessels and walls look like from afar."""

from __future__ import annotations

import cv2
import numpy as np

from job.datasets.generated.fields import Cut, Field, Mask

Place = tuple[float, float]
"""x and y, from -1 to 1."""


def radius(cut: Cut, place: Place, size: float, *, rough: float, aspect: float = 0.5) -> Field:
    """Give the distance from a bent ellipse's centre, 1 on its outline. size: the longer half axis in half sides."""
    turn = cut.between(0, np.pi)
    short = size * cut.between(aspect, 1)
    swell = 1 + cut.drift(0.25)
    x, y = cut.x_HW - place[0] - cut.drift(0.06 * size), cut.y_HW - place[1] - cut.drift(0.06 * size)
    along = (np.cos(turn) * x + np.sin(turn) * y) / (size * swell)
    across = (np.cos(turn) * y - np.sin(turn) * x) / (short * swell)
    bent = np.sqrt(along * along + across * across)
    bumps = min(cut.between(1.0, 3.0) / size, 24.0)
    found: Field = (bent * (1 + np.float32(rough) * cut.smooth(bumps))).astype(np.float32, copy=False)
    return found


def blob(cut: Cut, place: Place, size: float) -> Mask:
    """Draw a compact structure, smooth or lobed."""
    return radius(cut, place, size, rough=cut.between(0.02, 0.25)) < 1


def pair(cut: Cut, place: Place, size: float) -> Mask:
    """Draw two alike, left and right, as lungs, kidneys or ventricles lie."""
    apart = size * cut.between(0.9, 1.6)
    left = blob(cut, (place[0] - apart, place[1]), 0.8 * size)
    return left | blob(cut, (place[0] + apart, place[1] + cut.between(-0.1, 0.1)), 0.8 * size * cut.between(0.7, 1.2))


def patches(cut: Cut, place: Place, size: float) -> Mask:
    """Draw smoothed noise above a threshold within a disc: ragged, mostly in several parts."""
    inside = radius(cut, place, size, rough=0.1) < 1
    return inside & (cut.smooth(cut.between(2.0, 5.0) / size) > cut.between(-0.2, 0.9))


def spots(cut: Cut, place: Place, size: float) -> Mask:
    """Draw one to six small round structures near each other."""
    found = np.zeros((cut.side, cut.side), dtype=bool)
    for index in range(int(cut.rng.integers(1, 7))):
        away = 0.0 if index == 0 else 3.5 * size
        near = (place[0] + cut.rng.normal() * away, place[1] + cut.rng.normal() * away)
        found |= radius(cut, near, size * cut.scale_between(0.6, 1.4), rough=0.08) < 1
    return found


def tube(cut: Cut, place: Place, size: float) -> Mask:
    """Draw a winding tube, sometimes with branches, 2 to 8 px wide at a side of 256."""
    canvas = np.zeros((cut.side, cut.side), np.uint8)
    width = max(1.6, cut.scale_between(2.0, 8.0) * cut.side / 256)
    heading = cut.between(0, 2 * np.pi)
    path = _walk(cut, place, heading, length=2.5 * size)
    _draw(canvas, path, width)
    for _ in range(int(cut.rng.integers(0, 4))):
        start = path[int(cut.rng.integers(len(path) // 5, len(path)))]
        turned = heading + cut.between(-1.6, 1.6)
        branch = _walk(cut, (float(start[0]), float(start[1])), turned, length=size * cut.between(0.5, 1.5))
        _draw(canvas, branch, max(1.6, 0.75 * width))
    return canvas > 127


def membrane(cut: Cut, place: Place, size: float) -> Mask:
    """Draw the folded sheet where smooth noise changes sign, within a disc: as the cortex folds."""
    inside = radius(cut, place, size, rough=0.1) < 1
    noise = cut.smooth(cut.between(1.5, 3.5) / size)
    return inside & (np.abs(noise) < cut.between(0.12, 0.3))


def ring(cut: Cut, place: Place, size: float) -> tuple[Mask, Mask]:
    """Draw a wall around a cavity, sometimes open at one side; give wall and cavity."""
    distance = radius(cut, place, size, rough=cut.between(0.02, 0.12), aspect=0.6)
    thick = max(cut.between(0.15, 0.45), 6 / (size * cut.side))
    wall = (distance < 1) & (distance > 1 - thick)
    opening, wide = cut.between(-np.pi, np.pi), cut.between(0.3, 1.5)
    if cut.chance(0.25):
        angle = np.arctan2(cut.y_HW - place[1], cut.x_HW - place[0])
        wall &= np.cos(angle - opening) < np.cos(wide)
    return wall, distance <= 1 - thick


def _walk(cut: Cut, start: Place, heading: float, length: float) -> Field:
    """Walk a smooth random path of 40 points (x, y), which drifts from slice to slice."""
    count = 40
    turns = np.cumsum(cut.rng.normal(0, 0.25, count)) * 0.6 + heading + cut.drift(0.15)
    steps = length / count * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    shift = np.array([cut.drift(0.03), cut.drift(0.03)])
    path: Field = (np.asarray(start) + shift + np.cumsum(steps, axis=0)).astype(np.float32)
    return path


def _draw(canvas: np.ndarray[tuple[int, int], np.dtype[np.uint8]], path: Field, width: float) -> None:
    """Draw a path, px wide, at eight times the precision of a pixel."""
    points = ((path + 1) * 0.5 * (len(canvas) - 1) * 8).round().astype(np.int32)
    cv2.polylines(canvas, [points[:, None]], False, 255, max(1, round(width)), cv2.LINE_AA, 3)
