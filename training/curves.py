"""Draw the curves of a training: the loss on the left, the scores on held-out objects on the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 320
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 34, 42
"""Margins of a panel, px."""
SCALE = 2
"""Panels are drawn larger by this factor, then reduced, so that lines are smooth."""
INK, GRID = (40, 40, 40), (222, 222, 222)
COLOURS = ((31, 119, 180), (255, 127, 14), (44, 160, 44), (214, 39, 40), (148, 103, 189))
TICKS = 5
MEANING = {
    "iou_1": "1 click",
    "iou_3": "3 clicks",
    "iou_5": "5 clicks",
    "iou_box": "box",
    "oracle_1": "1 click, best of three",
}
"""Columns of a `curves.csv` -> labels in the picture."""

Lines = Mapping[str, Sequence[float]]


def draw_curves(rows: Sequence[Mapping[str, str]]) -> Image.Image:
    """Draw the rows of a `curves.csv`: step, minutes, loss, and scores from 0 to 1."""
    steps = [float(row["step"]) for row in rows]
    scores = {name: [float(row[name]) for row in rows] for name in rows[0] if name not in ("step", "minutes", "loss")}
    losses = {"loss": [float(row["loss"]) for row in rows]}
    picture = Image.new("RGB", (2 * WIDTH, HEIGHT), "white")
    picture.paste(_panel("training loss", steps, losses, top=max(losses["loss"])), (0, 0))
    picture.paste(_panel("IoU on held-out generated objects", steps, scores, top=1.0), (WIDTH, 0))
    return picture


def _panel(title: str, steps: Sequence[float], lines: Lines, top: float) -> Image.Image:
    picture = Image.new("RGB", (WIDTH * SCALE, HEIGHT * SCALE), "white")
    draw = ImageDraw.Draw(picture)
    last = max(*steps, 1.0)
    high = -(-top * 10 // 1) / 10  # rounded up to a tenth

    def place(step: float, value: float) -> tuple[float, float]:
        across, up = step / last, value / high
        x = LEFT + across * (WIDTH - LEFT - RIGHT)
        y = HEIGHT - BOTTOM - up * (HEIGHT - TOP - BOTTOM)
        return x * SCALE, y * SCALE

    for tick in range(TICKS + 1):
        step, value = last * tick / TICKS, high * tick / TICKS
        draw.line([place(0, value), place(last, value)], fill=GRID, width=SCALE)
        x, y = place(0, value)
        draw.text((x - 8 * SCALE, y), f"{value:.1f}", fill=INK, anchor="rm", font_size=12 * SCALE)
        x, y = place(step, 0)
        draw.text((x, y + 6 * SCALE), f"{step:.0f}", fill=INK, anchor="ma", font_size=12 * SCALE)
    for (name, values), colour in zip(lines.items(), COLOURS, strict=False):
        points = [place(*point) for point in zip(steps, values, strict=True)]
        draw.line(points, fill=colour, width=2 * SCALE, joint="curve")
        if len(lines) > 1:
            x, y = (LEFT + 8) * SCALE, (TOP + 12 + 16 * list(lines).index(name)) * SCALE
            draw.line([(x, y), (x + 18 * SCALE, y)], fill=colour, width=2 * SCALE)
            draw.text((x + 24 * SCALE, y), MEANING.get(name, name), fill=INK, anchor="lm", font_size=12 * SCALE)
    draw.text((WIDTH * SCALE / 2, 8 * SCALE), title, fill=INK, anchor="ma", font_size=14 * SCALE)
    draw.text((WIDTH * SCALE / 2, (HEIGHT - 8) * SCALE), "step", fill=INK, anchor="ms", font_size=12 * SCALE)
    return picture.reduce(SCALE)
