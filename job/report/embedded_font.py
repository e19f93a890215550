"""The font of figures inside an SVG, so that it looks the same on every machine: the letters that it uses, no more."""

from __future__ import annotations

import base64
import io
import re
from html import unescape
from importlib.resources import files

from fontTools import subset
from fontTools.ttLib import TTFont

FAMILY = "Liberation Sans"
FILE = "LiberationSans-Regular.ttf"


def with_font(svg: str) -> str:
    """Return an SVG that holds the letters of its texts. Letters that the font lacks are the machine's."""
    letters = "".join(re.findall(r">([^<]+)<", svg))
    encoded = base64.b64encode(_woff(unescape(letters))).decode("ascii")
    source = f'url("data:font/woff;base64,{encoded}") format("woff")'
    style = f"<style>@font-face {{ font-family: '{FAMILY}'; src: {source}; }}</style>"
    return re.sub(r"<svg[^>]*>", lambda opening: opening[0] + style, svg, count=1)


def _woff(letters: str) -> bytes:
    """Return the font with these letters alone, in the web's format, which is packed."""
    packed = io.BytesIO()
    with TTFont(io.BytesIO(files("job.report").joinpath("fonts", FILE).read_bytes())) as font:
        options = subset.Options()
        options.flavor = "woff"
        options.drop_tables += ["FFTM"]  # of the program that drew the font
        cut = subset.Subsetter(options)
        cut.populate(text=letters)
        cut.subset(font)
        subset.save_font(font, packed, options)
    return packed.getvalue()
