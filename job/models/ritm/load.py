"""Build a RITM model from a checkpoint: the official form (`config` and `state_dict`), or plain `.safetensors`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from job.errors import WeightsError
from job.models.checkpoint import LOAD, Use
from job.models.device import Device
from job.models.ritm.architecture import architecture_of, check_architecture, named_architecture
from job.models.ritm.folded import folded
from job.models.ritm.model import RitmModel
from job.models.ritm.network import RitmNetwork


def load_ritm(
    checkpoint: Path,
    arch: str,
    device: Device,
    *,
    zoom_in: bool = True,
    flip: bool = True,
    one_pass: bool = False,
) -> RitmModel:
    """Build a model. arch: such as hrnet32; the config of an official checkpoint must agree with it."""
    network = folded(ritm_network(checkpoint, arch), device.autocast or torch.float32)
    return RitmModel(network, device, zoom_in=zoom_in, flip=flip, one_pass=one_pass)


def ritm_network(checkpoint: Path, arch: str, use: Use = LOAD) -> RitmNetwork:
    """Build the network and load a checkpoint into it, or compare them."""
    network = RitmNetwork(named_architecture(arch))
    use.apply(network, _state(checkpoint, arch, use), f"{checkpoint} as {arch}")
    return network


def _state(path: Path, arch: str, use: Use) -> dict[str, Any]:
    saved = use.read(path)
    if path.suffix.lower() == ".safetensors":
        return saved
    state = saved.get("state_dict")
    if "config" not in saved or not isinstance(state, dict):
        raise WeightsError(
            f"{path}: expected an official RITM checkpoint, a dict with 'config' and 'state_dict' "
            f"(got {', '.join(map(str, list(saved)[:3])) or 'nothing'}); save bare weights as .safetensors"
        )
    others = [str(key) for key, value in state.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise WeightsError(f"{path}: state_dict: expected tensors only (got something else at {others[0]})")
    try:
        check_architecture(architecture_of(saved["config"]), arch)
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return state
