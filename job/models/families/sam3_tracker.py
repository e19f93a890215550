"""The family `sam3_tracker`: the tracker of SAM 3 on images, from the hub's folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from job.models.family import Family
from job.models.hub import FILES, PACKAGES
from job.models.protocol import Capabilities, PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.checkpoint import Use
    from job.models.device import Device

CAPABILITIES = Capabilities(points=True, boxes=True, multimask=True, mask_input="optional")


class Sam3Tracker(ModelSpec):
    """The tracker of SAM 3 (Carion et al. 2025): points and boxes, as SAM 2. Texts are no prompts here."""

    family: Literal["sam3_tracker"]
    checkpoint: Address
    """A folder as the hub lays it out."""


def build(spec: Sam3Tracker, checkpoint: Path, device: Device) -> PromptableModel:
    """Build the tracker of SAM 3 as the authors' image predictor runs it."""
    from job.models.checkpoint import LOAD
    from job.models.hub.sam2 import Sam2Model, preprocessing_of
    from job.models.hub.sam3_tracker import memory_of

    network = _network(checkpoint, LOAD)
    preprocessing, memory = preprocessing_of(network, checkpoint), memory_of(network)
    return Sam2Model(network, preprocessing=preprocessing, memory=memory, encoding="sam3_tracker 1", device=device)


def check(spec: Sam3Tracker, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and read the settings."""
    from job.models.checkpoint import COMPARE
    from job.models.hub.sam2 import preprocessing_of

    preprocessing_of(_network(checkpoint, COMPARE), checkpoint)


def _network(checkpoint: Path, use: Use) -> Any:
    from job.models.hub.network import load_folder, require_folder
    from job.models.hub.sam3_tracker import SAM3_TRACKER

    require_folder(checkpoint)
    return load_folder(checkpoint, SAM3_TRACKER, use)


FAMILY = Family(
    spec=Sam3Tracker, capabilities=CAPABILITIES, build=build, check=check, files_of_folder=FILES, packages=PACKAGES
)
