"""The family `ritm`: RITM in its three sizes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from job.models import demo_weights
from job.models.click_based.capabilities import CAPABILITIES
from job.models.family import Family
from job.models.protocol import PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address, Strict

if TYPE_CHECKING:
    from job.models.device import Device


class RitmOptions(Strict):
    """Options of RITM's own predictor. By default it runs as its authors run it."""

    zoom_in: bool = True
    """From the second click on, pass only a crop around the object to the network."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Treat each set of clicks as the first: no previous mask, no zoom-in kept. The published table may have been made
    this way."""


class Ritm(ModelSpec):
    """RITM (Sofiiuk et al. 2021), an HRNet for clicks: points only, one mask."""

    family: Literal["ritm"]
    arch: Literal["hrnet18s", "hrnet18", "hrnet32"]
    checkpoint: Address
    ritm: RitmOptions = RitmOptions()


def build(spec: Ritm, checkpoint: Path, device: Device) -> PromptableModel:
    """Build RITM with its authors' predictor, or with the spec's options."""
    from job.models.ritm.load import load_ritm

    return load_ritm(checkpoint, spec.arch, device, **spec.ritm.model_dump())


def check(spec: Ritm, checkpoint: Path) -> None:
    """Compare names and shapes of the weights, and the checkpoint's own config, with the architecture."""
    from job.models.checkpoint import COMPARE
    from job.models.ritm.load import ritm_network

    ritm_network(checkpoint, spec.arch, COMPARE)


def known_sha256(spec: Ritm) -> str | None:
    """Return the hash of the shipped file."""
    return demo_weights.sha256_at(spec.checkpoint)


FAMILY = Family(spec=Ritm, capabilities=CAPABILITIES, build=build, check=check, known_sha256=known_sha256)
