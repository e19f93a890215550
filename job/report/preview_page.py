"""The page of contact sheets: one HTML file without scripts and without addresses, so that it opens from a disk."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from job.report.html import environment
from job.report.sheet import Histogram, Outlined, Picture, Sheet

MARK_SHARE = 0.011
"""Radius of a point's mark, as a share of the image's longer side."""


def page(sheet: Sheet) -> str:
    """Return the page as HTML. Every text of the data stays text."""
    templates = environment(uri=_uri, outline=_outline, bars=_bars, mark=_mark)
    return templates.get_template("preview.html.j2").render(sheet=sheet)


def png(pixels_HWC: NDArray[np.uint8]) -> bytes:
    """Return an image as PNG, as one channel if all three are equal."""
    is_grey = bool((pixels_HWC == pixels_HWC[..., :1]).all())
    buffer = io.BytesIO()
    Image.fromarray(pixels_HWC[..., 0] if is_grey else pixels_HWC).save(buffer, "PNG")
    return buffer.getvalue()


def _uri(picture: Picture) -> str:
    return f"data:image/png;base64,{base64.b64encode(png(picture.shown)).decode()}"


def _outline(outlined: Outlined) -> str:
    """Return the outlines as a path of SVG."""
    return " ".join(f"M{' '.join(f'{x:.2f},{y:.2f}' for x, y in polygon)}Z" for polygon in outlined.outlines)


def _bars(histogram: Histogram) -> str:
    """Return the bars as a path of SVG, 64 wide and 1 high, growing up from 1."""
    return " ".join(f"M{index},1v{-height:.3f}h1V1z" for index, height in enumerate(histogram.heights) if height)


def _mark(picture: Picture) -> float:
    return max(1.0, MARK_SHARE * float(max(picture.pixels_HWC.shape[:2])))
