"""The family `edgetam`: EdgeTAM on images, from the hub's folders."""

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


class EdgeTam(ModelSpec):
    """EdgeTAM (Zhou et al. 2025): SAM 2 on a small encoder."""

    family: Literal["edgetam"]
    checkpoint: Address
    """A folder as the hub lays it out."""


def build(spec: EdgeTam, checkpoint: Path, device: Device) -> PromptableModel:
    """Build EdgeTAM as the authors' image predictor runs it."""
    from job.models.hub.edgetam import EDGETAM, memory_of
    from job.models.hub.sam2 import model_of_folder

    return model_of_folder(checkpoint, EDGETAM, memory_of, encoding="edgetam 1", device=device)


def check(spec: EdgeTam, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and read the settings."""
    from job.models.hub.edgetam import EDGETAM
    from job.models.hub.sam2 import check_folder

    check_folder(checkpoint, EDGETAM)


FAMILY = Family(spec=EdgeTam, capabilities=AS_SAM, build=build, check=check, files_of_folder=FILES, packages=PACKAGES)
