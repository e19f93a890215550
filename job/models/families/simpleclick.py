"""The family `simpleclick`: SimpleClick in its three sizes, and the smallest for tests."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from job.models.click_based.capabilities import CAPABILITIES
from job.models.family import Family
from job.models.protocol import PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address, Strict

if TYPE_CHECKING:
    from job.models.device import Device


class SimpleClickOptions(Strict):
    """Options of SimpleClick's own predictor. By default it runs as its authors run it."""

    zoom_in: bool = True
    """Once there is a mask, pass only a crop around the object to the network."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Treat each set of clicks as the first: no previous mask, no zoom-in."""


class SimpleClick(ModelSpec):
    """SimpleClick (Liu et al. 2023), a plain ViT for clicks: points only, one mask. vit_xt is for tests."""

    family: Literal["simpleclick"]
    arch: Literal["vit_b", "vit_l", "vit_h", "vit_xt"]
    checkpoint: Address
    simpleclick: SimpleClickOptions = SimpleClickOptions()


def build(spec: SimpleClick, checkpoint: Path, device: Device) -> PromptableModel:
    """Build SimpleClick with its authors' predictor, or with the spec's options."""
    from job.models.simpleclick.load import load_simpleclick

    return load_simpleclick(checkpoint, spec.arch, device, **spec.simpleclick.model_dump())


def check(spec: SimpleClick, checkpoint: Path) -> None:
    """Compare names and shapes of the weights, and the checkpoint's own config, with the architecture."""
    from job.models.checkpoint import COMPARE
    from job.models.simpleclick.load import simpleclick_network

    simpleclick_network(checkpoint, spec.arch, COMPARE)


FAMILY = Family(spec=SimpleClick, capabilities=CAPABILITIES, build=build, check=check)
