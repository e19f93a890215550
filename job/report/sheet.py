"""A contact sheet: images with outlines and prompts, tables and lines, as plain data that the page and the PNG show."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from job.report.edges import Polygon, outlines

Pixel = tuple[int, int]
Corners = tuple[int, int, int, int]

MOST_SIDE = 1024
"""Px: longest side of an image in the page; larger ones are reduced."""


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a task is drawn, so that colour alone need not tell it: a colour, a dash pattern in px, and a letter."""

    colour: str
    dashes: tuple[int, ...]
    letter: str


COLOURS = ("#E69F00", "#56B4E9", "#CC79A7", "#F0E442", "#009E73", "#D55E00", "#0072B2")
"""Colours that colour-blind people tell apart (Okabe and Ito 2008), the brightest first, because images are dark."""
DASHES = ((), (7, 4), (2, 3), (10, 3, 2, 3))


def style(index: int) -> Style:
    """Return the style of the task of this index."""
    return Style(
        colour=COLOURS[index % len(COLOURS)],
        dashes=DASHES[index % len(DASHES)],
        letter=chr(ord("A") + index) if index < 26 else str(index + 1),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Outlined:
    """One object. truth_HW: bool. boxes: inclusive pixels (x0, y0, x1, y1). points: (x, y), of modes and of clicks."""

    style: Style
    task: str
    truth_HW: NDArray[np.bool_]
    boxes: tuple[Corners, ...] = ()
    points: tuple[Pixel, ...] = ()
    clicks: tuple[Pixel, ...] = ()
    facts: str = ""
    prompts: tuple[str, ...] = ()

    @property
    def outlines(self) -> list[Polygon]:
        """The outlines of the truth, as `outlines` returns them."""
        return outlines(self.truth_HW)


@dataclass(frozen=True, kw_only=True, eq=False)
class Histogram:
    """Counts of values from `start` to `stop`, with the values that become 0 and 255."""

    counts: NDArray[np.int64]
    start: float
    stop: float
    levels: tuple[float, float]
    facts: str

    @property
    def heights(self) -> list[float]:
        """The bars, 0 to 1, on a logarithmic scale: the background would hide all else."""
        logs = np.log1p(self.counts)
        return [float(height) for height in logs / max(1.0, float(logs.max()))]

    def share(self, value: float) -> float:
        """Return where a value lies between start and stop, 0 to 1."""
        return (value - self.start) / (self.stop - self.start) if self.stop > self.start else 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """One image. pixels_HWC: uint8, RGB."""

    title: str
    facts: tuple[str, ...]
    pixels_HWC: NDArray[np.uint8]
    histograms: tuple[Histogram, ...]
    objects: tuple[Outlined, ...]

    @property
    def shown(self) -> NDArray[np.uint8]:
        """The pixels, uint8 HxWx3, reduced if there are too many for a page."""
        height, width = self.pixels_HWC.shape[:2]
        factor = MOST_SIDE / max(height, width)
        if factor >= 1:
            return self.pixels_HWC
        size = max(1, round(width * factor)), max(1, round(height * factor))
        return np.asarray(cv2.resize(self.pixels_HWC, size, interpolation=cv2.INTER_AREA), np.uint8)

    def letters(self, size: float) -> list[tuple[float, float]]:
        """Return the top left of the letter of each object: above its tight box, and beside other letters.

        size: the side of a letter, in px of the image.
        """
        placed: list[tuple[float, float]] = []
        for item in self.objects:
            x, top, _, _ = map(float, cv2.boundingRect(item.truth_HW.astype(np.uint8)))
            y = max(0.0, top - size)
            while any(abs(x - other) < size and abs(y - above) < size for other, above in placed):
                x += size
            placed.append((x, y))
        return placed


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A table of texts."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """One data set. tasks: each with its style. facts: pairs of name and text. lines: those of the ledger."""

    name: str
    facts: tuple[tuple[str, str], ...]
    tasks: tuple[tuple[str, Style], ...]
    objects: Rows
    pictures: tuple[Picture, ...]
    lines: Rows


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheet:
    """What a study looks like."""

    study: str
    prompts: str
    sections: tuple[Section, ...]
