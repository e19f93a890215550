"""Cases as pictures: the whole image with its truth, then each model's mask with its prompts, and texts under them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageColor, ImageDraw, ImageFont

from job.report.cases import Case, Predicted
from job.report.drawing import FONT, GAP, GROUND, INK, TEXT, draw_outlines, resized, wrapped, write
from job.report.edges import outlines

SIDE, COLUMNS = 288, 4
"""Px: side of a picture. How many are beside each other."""
WIDTH = COLUMNS * (SIDE + GAP) - GAP
TRUTH, MASK, PROMPT, RULE = "#F0E442", "#56B4E9", "#FFFFFF", "#9AA4AF"
POSITIVE, NEGATIVE = "#009E73", "#D55E00"
DASHES, DOTS = (7, 4), (2, 3)
TINT = 0.3
"""Share of the colour over a prediction."""
MARK = 7
"""Px: radius of a click."""
NUMBERS = ImageFont.load_default(11)
NAMED = "* "
"""Before the model of a mask that the query names, if others stand beside it."""
DARK = "#3A4048"
LEGEND_HEIGHT = 34
LEGEND: dict[bool | tuple[str, tuple[int, ...]], str] = {
    (TRUTH, ()): "truth",
    (MASK, DASHES): "prediction",
    (PROMPT, DOTS): "box",
    True: "positive click, by number",
    False: "negative click",
    (PROMPT, ()): "what is enlarged",
}


def contact_sheet(heads: Sequence[str], cases: Sequence[Case]) -> NDArray[np.uint8]:
    """Return all cases below each other, uint8 HxWx3. heads: the texts above them."""
    blocks = [_block(case) for case in cases]
    lines = [part for head in heads for part in wrapped(head, WIDTH)]
    height = GAP + TEXT * len(lines) + LEGEND_HEIGHT + sum(block.height + 2 * GAP for block in blocks) + GAP
    whole = Image.new("RGB", (WIDTH + 2 * GAP, height), GROUND)
    draw, top = ImageDraw.Draw(whole), GAP
    write(draw, (GAP, top), lines)
    top += TEXT * len(lines)
    _legend(draw, top, starred=any(map(_is_starred, cases)))
    top += LEGEND_HEIGHT
    for block in blocks:
        draw.line((GAP, top + GAP // 2, GAP + WIDTH, top + GAP // 2), RULE)
        whole.paste(block, (GAP, top + GAP))
        top += block.height + 2 * GAP
    return np.asarray(whole, np.uint8)


def _block(case: Case) -> Image.Image:
    """Return one case: its title, and its pictures in rows."""
    cells = [
        _cell(_overview(case), ["truth", *case.facts]),
        *(_predicted_cell(case, item) for item in case.predictions),
    ]
    rows = [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]
    head = list(wrapped(case.title, WIDTH))
    height = TEXT * len(head) + sum(GAP // 2 + max(cell.height for cell in row) for row in rows)
    block = Image.new("RGB", (WIDTH, height), GROUND)
    write(ImageDraw.Draw(block), (0, 0), head)
    top = TEXT * len(head)
    for row in rows:
        for index, cell in enumerate(row):
            block.paste(cell, (index * (SIDE + GAP), top + GAP // 2))
        top += GAP // 2 + max(cell.height for cell in row)
    return block


def _predicted_cell(case: Case, item: Predicted) -> Image.Image:
    star = NAMED if item.named and _is_starred(case) else ""
    return _cell(_predicted(case, item), [star + item.title, *item.facts])


def _is_starred(case: Case) -> bool:
    return not all(item.named for item in case.predictions)


def _cell(picture: Image.Image, texts: Sequence[str]) -> Image.Image:
    lines = [part for text in texts for part in wrapped(text, SIDE)]
    cell = Image.new("RGB", (SIDE, picture.height + 4 + TEXT * len(lines)), GROUND)
    cell.paste(picture, (0, 0))
    write(ImageDraw.Draw(cell), (0, picture.height + 4), lines)
    return cell


def _overview(case: Case) -> Image.Image:
    """Return the whole image with the truth, and a frame around the part that the other pictures show."""
    height, width = case.truth_HW.shape
    scale = SIDE / max(height, width)
    picture = resized(case.shown, scale)
    draw = ImageDraw.Draw(picture)
    draw_outlines(draw, outlines(case.truth_HW), TRUTH, (), scale)
    x0, y0, x1, y1 = case.window
    if (x0, y0, x1, y1) != (0, 0, width - 1, height - 1):
        draw.rectangle((x0 * scale, y0 * scale, (x1 + 1) * scale - 1, (y1 + 1) * scale - 1), outline=PROMPT)
    return picture


def _predicted(case: Case, item: Predicted) -> Image.Image:
    x0, y0, x1, y1 = case.window
    scale = SIDE / max(x1 - x0 + 1, y1 - y0 + 1)
    tinted = _tinted(case.shown[y0 : y1 + 1, x0 : x1 + 1], item.mask_HW[y0 : y1 + 1, x0 : x1 + 1])
    picture = resized(tinted, scale)
    draw = ImageDraw.Draw(picture)
    draw_outlines(draw, outlines(case.truth_HW), TRUTH, (), scale, (x0, y0))
    draw_outlines(draw, outlines(item.mask_HW), MASK, DASHES, scale, (x0, y0))
    corners = [np.array([(a, b), (c + 1, b), (c + 1, d + 1), (a, d + 1)], float) for a, b, c, d in item.boxes]
    draw_outlines(draw, corners, PROMPT, DOTS, scale, (x0, y0))
    for number, click in enumerate(item.clicks, start=1):
        _mark(draw, ((click.x - x0 + 0.5) * scale, (click.y - y0 + 0.5) * scale), click.positive, str(number))
    return picture


def _tinted(pixels_HWC: NDArray[np.uint8], mask_HW: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return pixels, uint8 HxWx3, with the colour of predictions over a mask, so that its inside is told from holes."""
    shares = np.where(mask_HW, TINT, 0.0)[..., None]
    return np.asarray(pixels_HWC * (1 - shares) + np.array(ImageColor.getrgb(MASK)) * shares, np.uint8)


def _mark(draw: ImageDraw.ImageDraw, centre: tuple[float, float], positive: bool, text: str) -> None:
    """Draw a click: a disc if it is positive, a square if it is negative, with its number."""
    x, y = centre
    if positive:
        draw.circle((x, y), MARK, POSITIVE, PROMPT)
    else:
        draw.rectangle((x - MARK + 1, y - MARK + 1, x + MARK - 1, y + MARK - 1), NEGATIVE, PROMPT)
    draw.text((x, y), text, PROMPT, NUMBERS, anchor="mm")


def _legend(draw: ImageDraw.ImageDraw, top: int, *, starred: bool) -> None:
    """Explain lines and marks."""
    x, y = GAP, top + LEGEND_HEIGHT // 2
    for kind, text in LEGEND.items():
        draw.rectangle((x, y - 11, x + 30, y + 11), DARK)
        if isinstance(kind, bool):
            _mark(draw, (x + 15, y), kind, "1")
        else:
            line = np.array([(x + 4, y), (x + 26, y)], float)
            draw_outlines(draw, [line], *kind, 1)
        draw.text((x + 38, y), text, INK, FONT, anchor="lm")
        x += 38 + round(FONT.getlength(text)) + GAP
    if starred:
        draw.text((x, y), f"{NAMED}named by the query", INK, FONT, anchor="lm")
