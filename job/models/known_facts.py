"""What is known of weights by their sha256, as their authors publish it. Imports no torch."""

from __future__ import annotations

from job.models.demo_weights import shipped_weights
from job.models.known_weights import LITE_MEDSAM_SHA256, SHIPPED
from job.study.facts import Facts
from job.study.official import OFFICIAL

SAM = Facts(
    trained_on=("SA-1B",),
    licence="Apache-2.0",
    citation="Kirillov et al. 2023, Segment Anything, ICCV, arXiv 2304.02643",
    zero_shot=True,
)
"""SA-1B holds licensed photographs (section 5 of the paper), so no medical data set is part of it."""
CHALLENGE = "training set of Segment Anything in Medical Images on Laptop, CVPR 2024"
"""It joins many public data sets, among which may be the study's."""
LITE_MEDSAM = Facts(
    trained_on=(CHALLENGE,),
    licence="Apache-2.0",
    citation="Ma et al. 2024, Segment Anything in Medical Images, Nature Communications 15, 654",
)
GENERATED = "generated images"
DEMO = {
    "ritm": Facts(trained_on=(GENERATED,), licence="Apache-2.0"),
    "lite_medsam_clicks": Facts(trained_on=(GENERATED, CHALLENGE), licence="Apache-2.0"),
}
"""Facts of the demo weights by their family. The encoder of LiteMedSAM with clicks is that of LiteMedSAM."""


def known_facts(sha256: str | None) -> Facts:
    """Return what is known of weights; nothing of those that are not."""
    facts = {checkpoint.sha256: SAM for checkpoint in OFFICIAL.values() if checkpoint.family == "sam"}
    for weights in shipped_weights():
        family, _ = SHIPPED[weights.file]
        facts |= dict.fromkeys((weights.sha256, *weights.retired), DEMO[family])
    return {**facts, LITE_MEDSAM_SHA256: LITE_MEDSAM, None: Facts()}.get(sha256, Facts())
