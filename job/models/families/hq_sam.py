"""The family `hq_sam`: HQ-SAM, from the hub's folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from job.models.family import Family
from job.models.hub import FILES, ONE_MASK, PACKAGES
from job.models.protocol import PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address, Strict

if TYPE_CHECKING:
    from job.models.checkpoint import Use
    from job.models.device import Device


class HqSamOptions(Strict):
    """Options of HQ-SAM's own predictor. By default it runs as its authors evaluate it."""

    token_only: bool = False
    """The mask of the high-quality token alone; otherwise the logits of SAM's mask are added to it."""


class HqSam(ModelSpec):
    """HQ-SAM (Ke et al. 2023): points, boxes, mask input, one mask."""

    family: Literal["hq_sam"]
    checkpoint: Address
    """A folder as the hub lays it out."""
    hq_sam: HqSamOptions = HqSamOptions()


def build(spec: HqSam, checkpoint: Path, device: Device) -> PromptableModel:
    """Build HQ-SAM as its authors' predictor runs it."""
    from job.models.checkpoint import LOAD
    from job.models.hub.hq_sam import HqSamModel, preprocessing_of

    network = _network(checkpoint, LOAD)
    preprocessing = preprocessing_of(network, checkpoint)
    return HqSamModel(network, preprocessing=preprocessing, token_only=spec.hq_sam.token_only, device=device)


def check(spec: HqSam, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and read the settings."""
    from job.models.checkpoint import COMPARE
    from job.models.hub.hq_sam import preprocessing_of

    preprocessing_of(_network(checkpoint, COMPARE), checkpoint)


def _network(checkpoint: Path, use: Use) -> Any:
    from job.models.hub.hq_sam import HQ_SAM
    from job.models.hub.network import load_folder

    return load_folder(checkpoint, HQ_SAM, use)


FAMILY = Family(spec=HqSam, capabilities=ONE_MASK, build=build, check=check, files_of_folder=FILES, packages=PACKAGES)
