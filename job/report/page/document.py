"""The page as one file: sections, style and scripts. It opens from a disk, and asks no network for anything."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from importlib import resources

from markupsafe import Markup

from job.errors import JobError
from job.report.html import environment
from job.report.page.look import PALETTES, config
from job.report.page.parts import to_json
from job.report.page.section import Section

BUNDLE = """
import sys, vl_convert
sys.stdout.buffer.write(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;").encode())
"""
SCRIPTS = ("report.js", "gallery.js")
"""The page's own scripts, in their order; together they are one."""


def document(title: str, subtitle: str, sections: Sequence[Section]) -> str:
    """Return a page as HTML. Only its own two scripts may run, whatever a name or an address in it holds."""
    bundle, script = _bundle(), _script()
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
    """Return Vega, Vega-Lite and what embeds them, as one script, which the library builds in a second or more.

    It does so in a process of its own: where memory is short, its engine ends the process. Raise JobError if it does.
    """
    made = subprocess.run([sys.executable, "-c", BUNDLE], capture_output=True, check=False)  # noqa: S603
    if made.returncode:
        reason = made.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {made.returncode}"]
        raise JobError(f"the scripts of the page could not be made: {reason[0]}")
    return made.stdout.decode()


def _script() -> str:
    folder = resources.files("job.report") / "templates"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in SCRIPTS)


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
