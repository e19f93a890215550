"""What each family takes is known without its weights."""

from __future__ import annotations

import subprocess
import sys

from job.models.registry import capabilities
from job.models.ritm.model import CAPABILITIES
from job.study.model import LiteMedSam, LiteMedSamClicks, Ritm, Sam


def test_sam_takes_everything() -> None:
    """Points, boxes, three candidates, and fed-back logits where the protocol asks for them."""
    takes = capabilities(Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth"))
    assert (takes.points, takes.boxes, takes.multimask, takes.mask_input) == (True, True, True, "optional")


def test_lite_medsam_takes_boxes() -> None:
    """It was trained with boxes only, and gives one mask."""
    takes = capabilities(LiteMedSam(name="lite", family="lite_medsam"))
    assert (takes.points, takes.boxes, takes.multimask, takes.mask_input) == (False, True, False, "none")


def test_lite_medsam_with_clicks_takes_what_sam_takes() -> None:
    """So it is asked as SAM is, under every protocol and mask choice."""
    sam = Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth")
    assert capabilities(LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")) == capabilities(sam)


def test_ritm_takes_points() -> None:
    """One mask, and always the previous one; the model itself says the same."""
    takes = capabilities(Ritm(name="ritm", family="ritm", arch="hrnet32", checkpoint="nowhere.pth"))
    assert (takes.points, takes.boxes, takes.multimask, takes.mask_input) == (True, False, False, "always")
    assert takes == CAPABILITIES


def test_checking_a_spec_imports_no_network() -> None:
    """The networks' packages take seconds to import; only building needs them."""
    program = "import sys, job.models.registry; sys.exit('segment_anything' in sys.modules or 'timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
