"""The page as one file: sections, style and scripts. It opens from a disk, and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

from markupsafe import Markup

from job.report.html import environment
from job.report.page.bundle import bundle
from job.report.page.look import PALETTES, config
from job.report.page.parts import to_json
from job.report.page.section import Section

SCRIPTS = ("report.js", "gallery.js")
"""The page's own scripts, in their order; together they are one."""


def document(title: str, subtitle: str, sections: Sequence[Section], vega: str | None = None) -> str:
    """Return a page as HTML. Only its own two scripts may run, whatever a name or an address in it holds.

    vega: the bundle; None: it is made.
    """
    vega, script = vega or bundle(), _script()
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            title=title,
            subtitle=subtitle,
            sections=sections,
            look=to_json({theme: config(theme) for theme in PALETTES}),
            policy=Markup(" ").join(Markup(f"'sha256-{_digest(text)}'") for text in (vega, script)),  # noqa: S704
            bundle=Markup(vega),  # noqa: S704
            script=Markup(script),  # noqa: S704
        )
    )


def _script() -> str:
    folder = resources.files("job.report") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
