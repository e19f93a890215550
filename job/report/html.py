"""The templates of pages. Every text of the data stays text."""

from __future__ import annotations

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from job.errors import printable


@cache
def environment(**names: Any) -> Environment:
    """Return the templates of this room, which escape what they are given. names: what they may use beside it."""
    made = Environment(
        loader=PackageLoader("job.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    made.globals |= names
    return made


def _printable(value: object) -> object:
    """Return a text without control characters; markup, which the template made, is as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value
