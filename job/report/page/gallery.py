"""Single objects to look at: of each task the worst, the median and the best, with what each model made of them."""

from __future__ import annotations

from markupsafe import Markup

from job.report.html import environment
from job.report.page.facts import Facts
from job.report.page.parts import empty, paragraphs, to_json
from job.report.page.section import Section

RULE = (
    "For each task, the objects with the lowest, the median and the highest mean IoU. The mean is over models, of each "
    "model's mean over its runs after the last click (over modes, in a study without clicks), so no single model "
    "decides. Objects without a score are not among them; equal means are taken in the order of names."
)
LOOK = (
    "Yellow, solid: the truth. Blue, dashed and tinted: a prediction. Numbered discs are positive clicks, numbered "
    "squares negative ones; dotted lines are boxes. Where a case has the focus, the left and right arrow keys step "
    "through clicks."
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
