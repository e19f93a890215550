"""RITM's predictor: the click-based model with RITM's zoom-in."""

from __future__ import annotations

from job.models.click_based.model import ClickBasedModel
from job.models.click_based.network import ClickNetwork
from job.models.device import Device
from job.models.ritm.zoom import RitmZoom


def ritm_model(
    network: ClickNetwork,
    device: Device,
    *,
    zoom_in: bool = True,
    flip: bool = True,
    one_pass: bool = False,
    at_once: bool | None = None,
) -> ClickBasedModel:
    """Build a model. zoom_in: crop to the object from the second click on. Others: as `ClickBasedModel`."""
    zoom = RitmZoom(zoom_in and not one_pass)
    return ClickBasedModel(network, device, zoom=zoom, flip=flip, one_pass=one_pass, at_once=at_once)
