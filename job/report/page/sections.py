"""The sections of a study's page, in their order. Each is made by a module of its own from the same facts."""

from __future__ import annotations

from collections.abc import Callable

from job.report.page import (
    boundary,
    by_click,
    by_task,
    calibration,
    crossing,
    differences,
    gallery,
    overview,
    published,
    ranks,
    strata,
)
from job.report.page.document import document
from job.report.page.facts import Facts
from job.report.page.section import Figure, Section

SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    overview.section,
    by_task.section,
    by_click.section,
    differences.section,
    crossing.section,
    ranks.section,
    strata.section,
    calibration.section,
    boundary.section,
    published.section,
    gallery.section,
)


def figures(facts: Facts) -> list[Figure]:
    """Return the figures of a study's page."""
    return [figure for section in SECTIONS for figure in section(facts).figures]


def page(facts: Facts, vega: str | None = None) -> str:
    """Return a study's page as HTML. vega: the bundle; None: it is made."""
    subtitle = f"{facts.output}; page made {facts.made}"
    return document(f"{facts.study}: report", subtitle, [section(facts) for section in SECTIONS], vega)
