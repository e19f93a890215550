"""The family `lite_medsam_clicks`: LiteMedSAM as this project trained it for clicks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from job.models import demo_weights
from job.models.family import Family
from job.models.known_weights import lite_medsam_checkpoint
from job.models.protocol import Capabilities, PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.device import Device

CAPABILITIES = Capabilities(points=True, boxes=True, multimask=True, mask_input="optional")


class LiteMedSamClicks(ModelSpec):
    """LiteMedSAM, trained by this project for clicks: points, boxes, mask input, three candidates. Demo weights."""

    family: Literal["lite_medsam_clicks"]
    checkpoint: Address = "package://job/models/weights/lite_medsam_clicks.safetensors"


def build(spec: LiteMedSamClicks, checkpoint: Path, device: Device) -> PromptableModel:
    """Build LiteMedSAM with the trained prompt encoder and mask decoder."""
    from job.models.lite_medsam import LiteMedSamModel
    from job.models.lite_medsam_clicks import load_lite_medsam_clicks

    network = load_lite_medsam_clicks(checkpoint, lite_medsam_checkpoint())
    return LiteMedSamModel(network, capabilities=CAPABILITIES, device=device)


def check(spec: LiteMedSamClicks, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and the encoder with the trained one."""
    from job.models.checkpoint import COMPARE
    from job.models.lite_medsam_clicks import load_lite_medsam_clicks

    load_lite_medsam_clicks(checkpoint, lite_medsam_checkpoint(), COMPARE)


def known_sha256(spec: LiteMedSamClicks) -> str | None:
    """Return the hash of the shipped file."""
    return demo_weights.sha256_at(spec.checkpoint)


FAMILY = Family(spec=LiteMedSamClicks, capabilities=CAPABILITIES, build=build, check=check, known_sha256=known_sha256)
