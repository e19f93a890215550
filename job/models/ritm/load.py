"""Build a RITM model from a checkpoint: the official form (`config` and `state_dict`), or plain `.safetensors`."""

from __future__ import annotations

from pathlib import Path

import torch

from job.models.checkpoint import LOAD, Use
from job.models.click_based.checkpoint import read_state
from job.models.click_based.model import ClickBasedModel
from job.models.device import Device
from job.models.ritm.architecture import architecture_of, check_architecture, named_architecture
from job.models.ritm.folded import folded
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork


def load_ritm(
    checkpoint: Path,
    arch: str,
    device: Device,
    *,
    zoom_in: bool = True,
    flip: bool = True,
    one_pass: bool = False,
) -> ClickBasedModel:
    """Build a model. arch: such as hrnet32; the config of an official checkpoint must agree with it."""
    network = folded(ritm_network(checkpoint, arch), device.autocast or torch.float32)
    return ritm_model(network, device, zoom_in=zoom_in, flip=flip, one_pass=one_pass)


def ritm_network(checkpoint: Path, arch: str, use: Use = LOAD) -> RitmNetwork:
    """Build the network and load a checkpoint into it, or compare them."""
    network = RitmNetwork(named_architecture(arch))
    state = read_state(checkpoint, use, "RITM", lambda config: check_architecture(architecture_of(config), arch))
    use.apply(network, state, f"{checkpoint} as {arch}")
    return network
