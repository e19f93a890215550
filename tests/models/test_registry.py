"""The prompts that each family accepts are known without its weights."""

from __future__ import annotations

import subprocess
import sys

from job.models.registry import capabilities
from job.models.ritm.model import CAPABILITIES
from job.study.model import LiteMedSam, LiteMedSamClicks, Ritm, Sam


def test_sam_accepts_every_prompt() -> None:
    """Points, boxes, three candidates, and a mask input if the protocol has one."""
    accepted = capabilities(Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (True, True, True, "optional")


def test_lite_medsam_accepts_boxes() -> None:
    """It was trained with boxes only, and returns one mask."""
    accepted = capabilities(LiteMedSam(name="lite", family="lite_medsam"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (False, True, False, "none")


def test_lite_medsam_with_clicks_accepts_the_prompts_of_sam() -> None:
    """It can therefore be evaluated as SAM is, with every protocol and mask choice."""
    sam = Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth")
    assert capabilities(LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")) == capabilities(sam)


def test_ritm_accepts_points() -> None:
    """It returns one mask, and always takes the previous one; the model states the same capabilities."""
    accepted = capabilities(Ritm(name="ritm", family="ritm", arch="hrnet32", checkpoint="nowhere.pth"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (True, False, False, "always")
    assert accepted == CAPABILITIES


def test_checking_a_spec_imports_no_network() -> None:
    """The networks' packages take seconds to import, and are needed only to build a model."""
    program = "import sys, job.models.registry; sys.exit('segment_anything' in sys.modules or 'timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
