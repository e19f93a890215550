"""The family `sam`: Segment Anything, and every checkpoint of its form, MedSAM among them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from job.models.family import Family
from job.models.protocol import Capabilities, PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.checkpoint import Use
    from job.models.device import Device

CAPABILITIES = Capabilities(points=True, boxes=True, multimask=True, mask_input="optional")


class Sam(ModelSpec):
    """Segment Anything (Kirillov et al. 2023). MedSAM is a vit_b."""

    family: Literal["sam"]
    arch: Literal["vit_b", "vit_l", "vit_h"]
    checkpoint: Address


def build(spec: Sam, checkpoint: Path, device: Device) -> PromptableModel:
    """Build SAM as its authors' `SamPredictor` runs it."""
    from job.models.checkpoint import LOAD
    from job.models.sam import SamModel

    return SamModel(_network(spec, checkpoint, LOAD), capabilities=CAPABILITIES, device=device)


def check(spec: Sam, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture."""
    from job.models.checkpoint import COMPARE

    _network(spec, checkpoint, COMPARE)


def _network(spec: Sam, checkpoint: Path, use: Use) -> Any:
    from job.models.checkpoint import read_weights
    from job.models.sam import build_sam
    from job.models.sam_forms import refuse_others

    state = read_weights(checkpoint, ("model",), use.read)  # as MedSAM's train_one_gpu.py saves it
    refuse_others(state, checkpoint)
    network = build_sam(spec.arch)
    use.apply(network, state, f"{checkpoint} as {spec.arch}")
    return network


FAMILY = Family(spec=Sam, capabilities=CAPABILITIES, build=build, check=check)
