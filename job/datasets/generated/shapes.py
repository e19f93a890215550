"""Random structures, each as a mask of the slice, that roughly resemble organs, lesions, vessels and walls."""

from __future__ import annotations

import cv2
import numpy as np

from job.datasets.generated.fields import Cut, Field, Mask

Place = tuple[float, float]
"""x and y, from -1 to 1."""


def radius(cut: Cut, place: Place, size: float, *, rough: float, aspect: float = 0.5) -> Field:
    """Return the distance from the centre of a distorted ellipse, 1 on its outline.

    size: the longer half axis; 1 is half the side of the slice. rough: how much the outline is distorted. aspect: the
    lowest ratio of short to long half axis.
    """
    turn = cut.between(0, np.pi)
    short = size * cut.between(aspect, 1)
    swell = 1 + cut.drift(0.25)
    x, y = cut.x_HW - place[0] - cut.drift(0.06 * size), cut.y_HW - place[1] - cut.drift(0.06 * size)
    along = (np.cos(turn) * x + np.sin(turn) * y) / (size * swell)
    across = (np.cos(turn) * y - np.sin(turn) * x) / (short * swell)
    ellipse = np.sqrt(along * along + across * across)
    bumps = min(cut.between(1.0, 3.0) / size, 24.0)
    distance: Field = (ellipse * (1 + np.float32(rough) * cut.smooth(bumps))).astype(np.float32, copy=False)
    return distance


def blob(cut: Cut, place: Place, size: float) -> Mask:
    """Draw a compact structure, smooth or lobed."""
    return radius(cut, place, size, rough=cut.between(0.02, 0.25)) < 1


def pair(cut: Cut, place: Place, size: float) -> Mask:
    """Draw two similar blobs, left and right, like lungs, kidneys or ventricles."""
    apart = size * cut.between(0.9, 1.6)
    left = blob(cut, (place[0] - apart, place[1]), 0.8 * size)
    return left | blob(cut, (place[0] + apart, place[1] + cut.between(-0.1, 0.1)), 0.8 * size * cut.between(0.7, 1.2))


def patches(cut: Cut, place: Place, size: float) -> Mask:
    """Draw smooth noise above a threshold within a disc: ragged, mostly of several components."""
    inside = radius(cut, place, size, rough=0.1) < 1
    return inside & (cut.smooth(cut.between(2.0, 5.0) / size) > cut.between(-0.2, 0.9))


def spots(cut: Cut, place: Place, size: float) -> Mask:
    """Draw one to six small round structures near each other."""
    mask = np.zeros((cut.side, cut.side), dtype=bool)
    for index in range(int(cut.rng.integers(1, 7))):
        away = 0.0 if index == 0 else 3.5 * size
        near = (place[0] + cut.rng.normal() * away, place[1] + cut.rng.normal() * away)
        mask |= radius(cut, near, size * cut.scale_between(0.6, 1.4), rough=0.08) < 1
    return mask


def tube(cut: Cut, place: Place, size: float) -> Mask:
    """Draw a winding tube, sometimes with branches, 2 to 8 px wide in a slice of 256 x 256 px."""
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
    """Draw a folded sheet, like the cortex: where smooth noise within a disc is near 0."""
    inside = radius(cut, place, size, rough=0.1) < 1
    noise = cut.smooth(cut.between(1.5, 3.5) / size)
    return inside & (np.abs(noise) < cut.between(0.12, 0.3))


def ring(cut: Cut, place: Place, size: float) -> tuple[Mask, Mask]:
    """Draw a wall around a cavity, sometimes open at one side. Return wall and cavity."""
    distance = radius(cut, place, size, rough=cut.between(0.02, 0.12), aspect=0.6)
    thick = max(cut.between(0.15, 0.45), 6 / (size * cut.side))
    wall = (distance < 1) & (distance > 1 - thick)
    opening, wide = cut.between(-np.pi, np.pi), cut.between(0.3, 1.5)
    if cut.chance(0.25):
        angle = np.arctan2(cut.y_HW - place[1], cut.x_HW - place[0])
        wall &= np.cos(angle - opening) < np.cos(wide)
    return wall, distance <= 1 - thick


def _walk(cut: Cut, start: Place, heading: float, length: float) -> Field:
    """Return a smooth random path of 40 points (x, y) that drifts from slice to slice."""
    count = 40
    turns = np.cumsum(cut.rng.normal(0, 0.25, count)) * 0.6 + heading + cut.drift(0.15)
    steps = length / count * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    shift = np.array([cut.drift(0.03), cut.drift(0.03)])
    path: Field = (np.asarray(start) + shift + np.cumsum(steps, axis=0)).astype(np.float32)
    return path


def _draw(canvas: np.ndarray[tuple[int, int], np.dtype[np.uint8]], path: Field, width: float) -> None:
    """Draw a path of `width` px into a canvas, to a precision of an eighth of a pixel."""
    points = ((path + 1) * 0.5 * (len(canvas) - 1) * 8).round().astype(np.int32)
    cv2.polylines(canvas, [points[:, None]], False, 255, max(1, round(width)), cv2.LINE_AA, 3)
