"""What pictures of images share: outlines in dashes, texts in lines, and how pixels are enlarged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import cycle, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from job.errors import printable
from job.report.edges import Polygon

Dot = tuple[float, float]

GAP, TEXT = 16, 18
"""Px: between pictures, and from one line of text to the next."""
GROUND, INK, FAINT = "#f6f7f8", "#1a1d21", "#5b6470"
FONT = ImageFont.load_default(13)
LACKING = str.maketrans({"×": "x", "–": "-", "\n": " ", "\t": " "})
"""What the font lacks, and what would break a line."""


def resized(pixels_HWC: NDArray[np.uint8], scale: float) -> Image.Image:
    """Return an image, uint8 HxWx3, enlarged with its pixels visible, or reduced."""
    height, width = pixels_HWC.shape[:2]
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_NEAREST if scale >= 1 else cv2.INTER_AREA
    return Image.fromarray(np.asarray(cv2.resize(pixels_HWC, size, interpolation=how), np.uint8))


def draw_outlines(
    draw: ImageDraw.ImageDraw,
    polygons: Iterable[Polygon],
    colour: str,
    dashes: tuple[int, ...],
    scale: float,
    corner: Dot = (0, 0),
) -> None:
    """Draw closed polygons, in px of the image of which `corner` is the top left of the picture."""
    for polygon in polygons:
        dots = [((float(x) - corner[0]) * scale, (float(y) - corner[1]) * scale) for x, y in (*polygon, polygon[0])]
        for dash in dashed(dots, dashes):
            draw.line(dash, colour, 2)


def dashed(dots: Sequence[Dot], dashes: tuple[int, ...]) -> Iterator[list[Dot]]:
    """Yield the parts of a line that are drawn. dashes: lengths in px, of drawn and open parts in turn."""
    if not dashes:
        yield list(dots)
        return
    lengths, drawn = cycle(dashes), True
    left, part = float(next(lengths)), [dots[0]]
    for start, end in pairwise(dots):
        here, rest = start, math.dist(start, end)
        while rest > left:
            here = (here[0] + (end[0] - here[0]) * left / rest, here[1] + (end[1] - here[1]) * left / rest)
            rest -= left
            if drawn:
                yield [*part, here]
            drawn, left, part = not drawn, float(next(lengths)), [here]
        left -= rest
        part.append(end)
    if drawn:
        yield part


def wrapped(text: str, width: int) -> Iterator[str]:
    """Yield the lines of a text in a width in px. A word that is too long is cut."""
    line = ""
    for letter in printable(text).translate(LACKING):
        if FONT.getlength(line + letter) > width:
            head, space, rest = line.rpartition(" ")
            yield head if space else line
            line = rest if space else ""
        line += letter
    if line:
        yield line


def write(draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: Iterable[str]) -> None:
    """Write lines from a top left corner down, all but the first faint."""
    for index, line in enumerate(lines):
        draw.text((place[0], place[1] + index * TEXT), line, FAINT if index else INK, FONT)
