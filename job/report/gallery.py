"""Cases for the page's gallery: a small picture of the object, and the outlines of every mask of it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from job.errors import printable
from job.report.cases import Click, window
from job.report.edges import path
from job.report.sheet import Corners

SIDE, SHORTEST_SIDE = 256, 8
"""Px: longest side of a picture, and of the grid of its outlines, which is coarser where they would not fit."""
MOST_BYTES = 4_000_000
"""Of the outlines of all cases together."""
QUALITY = 80
"""Of WebP, whose loss is not seen at this size."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Step:
    """A mask and how it was asked for. mask_HW: bool. clicks: all so far. boxes: inclusive pixels."""

    iou: float
    status: str
    mask_HW: NDArray[np.bool_]
    clicks: tuple[Click, ...] = ()
    boxes: tuple[Corners, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """One model's masks of an object, step by step. way: how it was prompted, in words. first_step: 0 of a box."""

    way: str
    model: str
    mask_choice: str
    first_step: int = 1
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Exhibit:
    """One object of the gallery.

    task: with its data set. kind: `worst`, `median`, `best` or `only`. query: the command that shows the case alone.
    pixels_HWC: uint8, RGB; None where the image is not shown.
    """

    task: str
    kind: str
    title: str
    facts: str
    query: str = ""
    truth_HW: NDArray[np.bool_]
    pixels_HWC: NDArray[np.uint8] | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Exhibits as `exhibited` returns them, and lines on images that are not shown."""

    cases: Sequence[Mapping[str, Any]] = field(default=())
    remarks: Sequence[str] = ()


def exhibited(exhibit: Exhibit, share: float) -> dict[str, Any]:
    """Return a case as JSON values, cut to the object and its surroundings.

    Its texts are without control characters, but for the query, which is to be copied. share: of the bytes that the
    outlines of all cases may take; a case of many outlines is drawn coarser.
    """
    view, most = _View.of(exhibit, SIDE), MOST_BYTES * share
    image = None if exhibit.pixels_HWC is None else _uri(view.cut(exhibit.pixels_HWC))
    outlined, outline_bytes = _outlined(exhibit, view)
    while outline_bytes > most and view.side > SHORTEST_SIDE:
        view = _View.of(exhibit, max(SHORTEST_SIDE, int(0.95 * view.side * max(0.25, most / outline_bytes))))
        outlined, outline_bytes = _outlined(exhibit, view)
    texts = {name: printable(getattr(exhibit, name)) for name in ("task", "kind", "title", "facts")}
    return {**texts, "query": exhibit.query, "image": image, **outlined}


@dataclass(frozen=True)
class _View:
    """The part of an image that is shown, as inclusive pixels, and its size in the picture."""

    part: Corners
    width: int
    height: int

    @classmethod
    def of(cls, exhibit: Exhibit, side: int) -> _View:
        points = [(click.x, click.y) for run in exhibit.runs for click in run.steps[-1].clicks]
        x0, y0, x1, y1 = part = window(exhibit.truth_HW, points)
        across, down = x1 - x0 + 1, y1 - y0 + 1
        scale = min(1.0, side / max(across, down))
        return cls(part, max(1, round(across * scale)), max(1, round(down * scale)))

    @property
    def side(self) -> int:
        """The longest side of the picture."""
        return max(self.width, self.height)

    def cut(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the part of an image HxWx3 or of a mask HxW, in the picture's size."""
        x0, y0, x1, y1 = self.part
        cut = values[y0 : y1 + 1, x0 : x1 + 1]
        if values.dtype != np.bool_:
            return self._resized(cut)
        return self._resized(cut.astype(np.uint8) * 255) > 127

    def place(self, x: float, y: float) -> list[float]:
        """Return a place in px of the image in px of the picture."""
        x0, y0, x1, y1 = self.part
        return [round((x - x0) * self.width / (x1 - x0 + 1), 1), round((y - y0) * self.height / (y1 - y0 + 1), 1)]

    def _resized(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        same = values.shape[:2] == (self.height, self.width)
        return values if same else np.asarray(cv2.resize(values, (self.width, self.height), None, 0, 0, cv2.INTER_AREA))


def _outlined(exhibit: Exhibit, view: _View) -> tuple[dict[str, Any], int]:
    """Return the masks of a case as JSON values, and the bytes of its outlines. Equal outlines are there once."""
    outlines: dict[str, int] = {}
    truth = _number(outlines, view.cut(exhibit.truth_HW))
    runs = [
        {
            "way": run.way,
            "model": printable(run.model),
            "choice": run.mask_choice,
            "first": run.first_step,
            "steps": [_step(step, view, outlines) for step in run.steps],
        }
        for run in exhibit.runs
    ]
    size = {"width": view.width, "height": view.height}
    return {**size, "truth": truth, "runs": runs, "outlines": list(outlines)}, sum(map(len, outlines))


def _step(step: Step, view: _View, outlines: dict[str, int]) -> dict[str, Any]:
    made: dict[str, Any] = {
        "iou": round(step.iou, 4),
        "status": step.status,
        "mask": _number(outlines, view.cut(step.mask_HW)),
    }
    if step.clicks:
        made["clicks"] = [[*view.place(x + 0.5, y + 0.5), int(positive)] for x, y, positive in step.clicks]
    if step.boxes:
        made["boxes"] = [[*view.place(x0, y0), *view.place(x1 + 1, y1 + 1)] for x0, y0, x1, y1 in step.boxes]
    return made


def _number(outlines: dict[str, int], mask_HW: NDArray[np.bool_]) -> int:
    """Return the number of a mask's outline, which is added if it is new."""
    return outlines.setdefault(path(mask_HW), len(outlines))


def _uri(pixels_HWC: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels_HWC)).save(buffer, "WEBP", quality=QUALITY, method=6)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
