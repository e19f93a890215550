"""Checkpoints that resemble SAM's and are of another network: named, so that a user knows what was given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from job.errors import WeightsError

OTHERS = {
    "image_encoder.trunk.": "SAM 2: set family: sam2",
    "sam_mask_decoder.": "SAM 2: set family: sam2",
    "mask_decoder.hf_token": "HQ-SAM: set family: hq_sam, which reads the folder as the hub has it",
    "image_encoder.patch_embed.seq.": "a TinyViT encoder, of MobileSAM, which is not supported, or LiteMedSAM; "
    "for LiteMedSAM set family: lite_medsam",
    "Adapter": "SAM with adapters in its encoder, as SAM-Med2D and Medical SAM Adapter have; they are not supported",
}
"""What keys of other networks contain, and what such a network is."""
POSITIONS = "image_encoder.pos_embed"
PATCH_PX, SIDE_PX = 16, 1024


def refuse_others(state: Mapping[str, Tensor], checkpoint: Path) -> None:
    """Raise WeightsError for the state dict of a network that is not SAM at 1024 px, with what it is."""
    for text, what in OTHERS.items():
        key = next((key for key in state if text in key), None)
        if key:
            raise WeightsError(f"{checkpoint}: expected SAM's weights; {key} is of {what}")
    positions_1HWC = state.get(POSITIONS)
    side = SIDE_PX if positions_1HWC is None else PATCH_PX * positions_1HWC.shape[1]
    if side != SIDE_PX:
        raise WeightsError(
            f"{checkpoint}: expected SAM's weights; {POSITIONS} is that of images of {side} px, not of {SIDE_PX}, "
            "as of SAM-Med2D; other sides than SAM's own are not supported"
        )
