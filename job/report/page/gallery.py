"""Single objects to look at: of each task the worst, the median and the best, with what each model made of them."""

from __future__ import annotations

from markupsafe import Markup

from job.report.html import environment
from job.report.page.facts import Facts
from job.report.page.parts import empty, paragraphs, to_json
from job.report.page.section import Section

RULE = (
    "Of each task the objects of the lowest, the median and the highest IoU: the mean over models of each model's mean "
    "over its runs, after the last click, or of modes where there are no clicks. So no model chose them alone. Objects "
    "without a score have no part; equal ones are taken in the order of their names."
)
LOOK = (
    "Solid, yellow: the truth. Dashed and tinted, blue: a prediction. Discs with a number: positive clicks; squares: "
    "negative ones. Dotted: boxes. The arrow keys step through clicks where a case has the focus."
)


def section(facts: Facts) -> Section:
    """Return the section."""
    gallery = facts.gallery
    if not gallery.cases:
        html = empty("No object is scored by all models yet.")
    else:
        shown = environment().get_template("gallery.html.j2").render(data=to_json(list(gallery.cases)))
        html = Markup().join([paragraphs([RULE, LOOK]), paragraphs(gallery.remarks, "note"), Markup(shown)])  # noqa: S704
    return Section(title="Single objects", id="gallery", html=html)
