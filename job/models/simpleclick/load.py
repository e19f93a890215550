"""Build a SimpleClick model from a checkpoint: the official form, or plain `.safetensors`."""

from __future__ import annotations

from pathlib import Path

from job.models.cast import cast_products
from job.models.checkpoint import LOAD, Use
from job.models.click_based.checkpoint import read_state
from job.models.click_based.model import ClickBasedModel
from job.models.device import Device
from job.models.simpleclick.architecture import check_config, named_architecture
from job.models.simpleclick.model import simpleclick_model
from job.models.simpleclick.network import UNUSED, SimpleClickNetwork

_LOSSES = "isegm.model.modeling.transformer_helper.cross_entropy_loss"
TRAINING_LOSS = (f"{_LOSSES}.CrossEntropyLoss", f"{_LOSSES}.cross_entropy")
"""A loss without weights that the authors' configs hold among the params of the head. It is not needed."""


def load_simpleclick(
    checkpoint: Path,
    arch: str,
    device: Device,
    *,
    zoom_in: bool = True,
    flip: bool = True,
    one_pass: bool = False,
) -> ClickBasedModel:
    """Build a model. arch: such as vit_b; the config of an official checkpoint must agree with it."""
    network = simpleclick_network(checkpoint, arch)
    cast_products(network, device.autocast)
    return simpleclick_model(network, device, zoom_in=zoom_in, flip=flip, one_pass=one_pass)


def simpleclick_network(checkpoint: Path, arch: str, use: Use = LOAD) -> SimpleClickNetwork:
    """Build the network and load a checkpoint into it, or compare them."""
    network = SimpleClickNetwork(named_architecture(arch))
    state = read_state(checkpoint, use, "SimpleClick", lambda config: check_config(config, arch), TRAINING_LOSS)
    used = {key: value for key, value in state.items() if not key.startswith(UNUSED)}
    use.apply(network, used, f"{checkpoint} as {arch}")
    return network
