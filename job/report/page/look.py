"""Colours, dashes and shapes of the figures, light and dark: each model has a colour and a shape of its own."""

from __future__ import annotations

from typing import Any

LIGHT = ("#0072b2", "#d55e00", "#00785a", "#9b3f8e", "#7a5c00", "#333333")
"""After Okabe and Ito, darker where a colour has less than 3:1 against white."""
DARK = ("#56b4e9", "#ff9b3d", "#2fd0a2", "#e39ac9", "#f0e442", "#f2f2f2")
"""The same hues on a dark ground, in the same order."""
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down")
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
"""Of lines, by mask choice."""
GROUNDS = {"light": "#ffffff", "dark": "#1d2125"}
TEXTS = {"light": "#1a1d21", "dark": "#e6e8ea"}
LINES = {"light": "#d8dce1", "dark": "#343a41"}
FAINT = {"light": "#5b6470", "dark": "#9aa4af"}
PALETTES = {"light": LIGHT, "dark": DARK}
FONT = "system-ui, sans-serif"


def config(theme: str, *, font: str = FONT, size: float = 12) -> dict[str, Any]:
    """Return the configuration of Vega-Lite for a theme, `light` or `dark`. size: of text, in pixels."""
    text, line, faint = TEXTS[theme], LINES[theme], FAINT[theme]
    return {
        "background": None,
        "font": font,
        "view": {"stroke": line},
        "axis": {
            "labelColor": text,
            "titleColor": text,
            "gridColor": line,
            "domainColor": faint,
            "tickColor": faint,
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "labelLimit": 18 * size,
        },
        "legend": {
            "labelColor": text,
            "titleColor": text,
            "labelFontSize": size,
            "titleFontSize": size,
            "titleFontWeight": "normal",
            "symbolStrokeWidth": 2,
            "symbolOpacity": 1,
            "symbolBaseFillColor": faint,
            "symbolBaseStrokeColor": faint,
            "labelLimit": 0,
        },
        "header": {"labelColor": text, "titleColor": text, "labelFontSize": size, "titleFontSize": size},
        "title": {"color": text, "fontSize": size},
        "text": {"color": text, "fontSize": size},
        "rule": {"color": faint},
        "range": {"category": list(PALETTES[theme]), "symbol": list(SHAPES)},
    }
