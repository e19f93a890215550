"""A contact sheet as one picture: the images of one data set with outlines, prompts and a histogram each."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import cycle, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from job.errors import printable
from job.report.sheet import Histogram, Outlined, Picture, Section

Dot = tuple[float, float]

CELL = 400
"""Px: width of a picture in the sheet."""
GAP, TEXT, VALUES, COLUMNS = 16, 18, 56, 3
GROUND, INK, FAINT, BAR, CUT = "#f6f7f8", "#1a1d21", "#5b6470", "#7b8794", "#c8102e"
LETTER = 16
FONT, LETTERS = ImageFont.load_default(13), ImageFont.load_default(LETTER)
LACKING = str.maketrans({"×": "x", "–": "-", "\n": " ", "\t": " "})
"""What the font lacks, and what would break a line."""


def sheet_of(section: Section) -> NDArray[np.uint8]:
    """Return the sheet of a data set, uint8 HxWx3."""
    cells = [_cell(picture) for picture in section.pictures]
    columns = max(1, min(COLUMNS, len(cells)))
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    heads = [section.name, *(f"{name}: {text}" for name, text in section.facts)]
    heads += [", ".join(f"{style.letter} {task}" for task, style in section.tasks)]
    lines = [part for head in heads for part in _wrapped(head, columns * (CELL + GAP) - GAP)]
    height = GAP + TEXT * len(lines) + sum(GAP + max(cell.height for cell in row) for row in rows) + GAP
    whole = Image.new("RGB", (GAP + columns * (CELL + GAP), height), GROUND)
    _write(ImageDraw.Draw(whole), (GAP, GAP), lines)
    top = GAP + TEXT * len(lines) + GAP
    for row in rows:
        for index, cell in enumerate(row):
            whole.paste(cell, (GAP + index * (CELL + GAP), top))
        top += GAP + max(cell.height for cell in row)
    return np.asarray(whole, np.uint8)


def _cell(picture: Picture) -> Image.Image:
    """Return one image with what belongs under it."""
    image = _drawn(picture)
    texts = [
        picture.title,
        *picture.facts,
        *(f"{item.style.letter} {item.task}: {item.facts}" for item in picture.objects),
    ]
    lines = [part for text in texts for part in _wrapped(text, CELL)]
    under = [(each, list(_wrapped(each.facts, CELL))) for each in picture.histograms]
    height = image.height + TEXT * len(lines) + sum(VALUES + TEXT * len(facts) for _, facts in under) + GAP
    cell = Image.new("RGB", (CELL, height), GROUND)
    cell.paste(image, (0, 0))
    draw, top = ImageDraw.Draw(cell), image.height + 4
    _write(draw, (0, top), lines)
    top += TEXT * len(lines)
    for histogram, facts in under:
        _bars(draw, histogram, top)
        _write(draw, (0, top + VALUES), facts)
        top += VALUES + TEXT * len(facts)
    return cell


def _drawn(picture: Picture) -> Image.Image:
    height, width = picture.pixels_HWC.shape[:2]
    scale = CELL / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    how = cv2.INTER_NEAREST if scale >= 1 else cv2.INTER_AREA
    image = Image.fromarray(np.asarray(cv2.resize(picture.pixels_HWC, size, interpolation=how), np.uint8))
    draw = ImageDraw.Draw(image)
    for item in picture.objects:
        for polygon in item.outlines:
            dots = [(float(x) * scale, float(y) * scale) for x, y in (*polygon, polygon[0])]
            for dash in _dashed(dots, item.style.dashes):
                draw.line(dash, item.style.colour, 2)
    for item, (x, y) in zip(picture.objects, picture.letters(LETTER / scale), strict=True):
        _prompts(draw, item, scale)
        place = (x * scale + 2, y * scale - 3)
        draw.text(place, item.style.letter, item.style.colour, LETTERS, stroke_width=1, stroke_fill="#000000")
    return image


def _prompts(draw: ImageDraw.ImageDraw, item: Outlined, scale: float) -> None:
    colour = item.style.colour
    for x0, y0, x1, y1 in item.boxes:
        draw.rectangle((x0 * scale, y0 * scale, (x1 + 1) * scale, (y1 + 1) * scale), outline=colour)
    for x, y in item.clicks:
        draw.regular_polygon(((x + 0.5) * scale, (y + 0.5) * scale, 8), 4, 45, fill=colour, outline="#000000")
    for x, y in item.points:
        draw.circle(((x + 0.5) * scale, (y + 0.5) * scale), 4, colour, "#000000")


def _dashed(dots: list[Dot], dashes: tuple[int, ...]) -> Iterator[list[Dot]]:
    """Yield the parts of a line that are drawn. dashes: lengths in px, of drawn and open parts in turn."""
    if not dashes:
        yield dots
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


def _bars(draw: ImageDraw.ImageDraw, histogram: Histogram, top: int) -> None:
    """Draw a histogram, and mark the values that become 0 and 255."""
    bottom, width = top + VALUES - 8, CELL / len(histogram.counts)
    for index, bar in enumerate(histogram.heights):
        if bar:
            draw.rectangle((index * width, bottom - bar * (VALUES - 16), (index + 1) * width, bottom), BAR)
    for level, name, anchor in zip(histogram.levels, ("0", "255"), ("la", "ra"), strict=True):
        x = min(CELL - 2, histogram.share(level) * CELL)
        draw.line((x, top, x, bottom), CUT, 2)
        draw.text((x + (4 if anchor == "la" else -4), top), name, CUT, FONT, anchor=anchor)


def _wrapped(text: str, width: int) -> Iterator[str]:
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


def _write(draw: ImageDraw.ImageDraw, place: tuple[int, int], lines: Iterable[str]) -> None:
    for index, line in enumerate(lines):
        draw.text((place[0], place[1] + index * TEXT), line, FAINT if index else INK, FONT)
