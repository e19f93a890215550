"""The families of models: what each takes, and how it is built from a spec and a checkpoint.

A family is one entry of `FAMILIES`. Its network's code is imported when it is built, not when a spec is checked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from job import storage
from job.errors import WeightsError
from job.models import demo_weights
from job.models.checkpoint import load_state, read_weights, verify_sha256
from job.models.device import Device
from job.models.protocol import Capabilities, PromptableModel
from job.models.ritm.model import CAPABILITIES as RITM_CAPABILITIES
from job.study.model import LiteMedSam, LiteMedSamClicks, Model, Ritm, Sam

PACKAGED: str = LiteMedSam.model_fields["checkpoint"].default
"""LiteMedSAM's weights, where their package has them."""

Build = Callable[[Any, Path, Capabilities, Device], PromptableModel]


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family: what it takes, and its builder, which gets the spec, a local checkpoint and these capabilities."""

    capabilities: Capabilities
    build: Build
    packaged: Callable[[Any], str | None] = lambda spec: None
    """The sha256 that a checkpoint is known to have by its address alone, if any."""


def capabilities(spec: Model) -> Capabilities:
    """Say what a model takes, without its weights."""
    return FAMILIES[spec.family].capabilities


def build(spec: Model, checkpoint: Path, device: torch.device, precision: str) -> PromptableModel:
    """Build a model from a local copy of its checkpoint; WeightsError if that is not what the spec says.

    precision: auto, fp32, bf16 or fp16.
    """
    family = FAMILIES[spec.family]
    expected = spec.sha256 or family.packaged(spec)
    if expected:
        verify_sha256(checkpoint, expected, spec.name)
    return family.build(spec, checkpoint, family.capabilities, Device.of(device, precision))


def _build_sam(spec: Sam, checkpoint: Path, takes: Capabilities, device: Device) -> PromptableModel:
    from job.models.sam import SamModel, build_sam

    state = read_weights(checkpoint, wrapped_in=("model",))  # as MedSAM's train_one_gpu.py saves it
    network = build_sam(spec.arch)
    load_state(network, state, f"{checkpoint} as {spec.arch}")
    return SamModel(network, capabilities=takes, device=device)


def _build_lite_medsam(spec: LiteMedSam, checkpoint: Path, takes: Capabilities, device: Device) -> PromptableModel:
    from job.models.lite_medsam import LiteMedSamModel, build_lite_medsam, load_lite_medsam

    network = build_lite_medsam()
    load_lite_medsam(network, checkpoint)
    return LiteMedSamModel(network, capabilities=takes, device=device)


def _build_lite_medsam_clicks(
    spec: LiteMedSamClicks, checkpoint: Path, takes: Capabilities, device: Device
) -> PromptableModel:
    from job.models.lite_medsam import LiteMedSamModel
    from job.models.lite_medsam_clicks import load_lite_medsam_clicks

    network = load_lite_medsam_clicks(checkpoint, packaged_checkpoint())
    return LiteMedSamModel(network, capabilities=takes, device=device)


def _build_ritm(spec: Ritm, checkpoint: Path, takes: Capabilities, device: Device) -> PromptableModel:
    from job.models.ritm.load import load_ritm

    return load_ritm(checkpoint, spec.arch, device, **spec.ritm.model_dump())


def packaged_checkpoint() -> Path:
    """Give the file with LiteMedSAM's weights inside its package."""
    path = storage.local_path(PACKAGED)
    if path is None:
        raise WeightsError(f"{PACKAGED}: expected a file of an installed package")
    return path


def _shipped(spec: LiteMedSamClicks | Ritm) -> str | None:
    return demo_weights.sha256_at(spec.checkpoint)


def _packaged_lite_medsam(spec: LiteMedSam) -> str | None:
    if spec.checkpoint != PACKAGED:
        return None
    from job.models.lite_medsam import packaged_sha256

    return packaged_sha256()


FAMILIES: dict[str, Family] = {
    "sam": Family(
        capabilities=Capabilities(points=True, boxes=True, multimask=True, mask_input="optional"), build=_build_sam
    ),
    "lite_medsam": Family(
        capabilities=Capabilities(points=False, boxes=True, multimask=False, mask_input="none"),
        build=_build_lite_medsam,
        packaged=_packaged_lite_medsam,
    ),
    "lite_medsam_clicks": Family(
        capabilities=Capabilities(points=True, boxes=True, multimask=True, mask_input="optional"),
        build=_build_lite_medsam_clicks,
        packaged=_shipped,
    ),
    "ritm": Family(
        capabilities=RITM_CAPABILITIES,
        build=_build_ritm,
        packaged=_shipped,
    ),
}
