"""The page as one file: sections, style and scripts. It opens from a disk, and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources

import vl_convert
from markupsafe import Markup

from job.report.html import environment
from job.report.page.look import PALETTES, config
from job.report.page.parts import to_json
from job.report.page.section import Section

SCRIPTS = ("report.js", "gallery.js")
"""The page's own scripts, in their order; together they are one."""


def document(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Return a page as HTML. Only its own two scripts may run, whatever a name or an address in it holds."""
    bundle, script = (
        _bundle(),
        _script(),
    )
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            subtitle=subtitle,
            sections=sections,
            look=to_json({theme: config(theme) for theme in PALETTES}),
            policy=Markup(" ").join(Markup(f"'sha256-{_digest(text)}'") for text in (bundle, script)),  # noqa: S704
            bundle=Markup(bundle),  # noqa: S704
            script=Markup(script),  # noqa: S704
        )
    )


@cache
def _bundle() -> str:
    """Return Vega, Vega-Lite and what embeds them, as one script, which the library builds in a second or more."""
    return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))


def _script() -> str:
    folder = resources.files("job.report") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
