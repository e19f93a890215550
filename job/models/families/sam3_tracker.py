"""The family `sam3_tracker`: the tracker of SAM 3 on images, from the hub's folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from job.models.family import Family
from job.models.hub import AS_SAM, FILES, PACKAGES
from job.models.protocol import PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.device import Device


class Sam3Tracker(ModelSpec):
    """The tracker of SAM 3 (Carion et al. 2025): points and boxes, as SAM 2. Texts are no prompts here."""

    family: Literal["sam3_tracker"]
    checkpoint: Address
    """A folder as the hub lays it out."""


def build(spec: Sam3Tracker, checkpoint: Path, device: Device) -> PromptableModel:
    """Build the tracker of SAM 3 as the authors' image predictor runs it."""
    from job.models.hub.sam2 import model_of_folder
    from job.models.hub.sam3_tracker import SAM3_TRACKER, memory_of

    return model_of_folder(checkpoint, SAM3_TRACKER, memory_of, encoding="sam3_tracker 1", device=device)


def check(spec: Sam3Tracker, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and read the settings."""
    from job.models.hub.sam2 import check_folder
    from job.models.hub.sam3_tracker import SAM3_TRACKER

    check_folder(checkpoint, SAM3_TRACKER)


FAMILY = Family(
    spec=Sam3Tracker, capabilities=AS_SAM, build=build, check=check, files_of_folder=FILES, packages=PACKAGES
)
