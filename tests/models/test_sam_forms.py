"""Checkpoints that resemble SAM's are refused with what they are."""

from pathlib import Path

import pytest
import torch

from job.errors import WeightsError
from job.models.sam_forms import refuse_others

CHECKPOINT = Path("given.pth")
SAM = {"image_encoder.pos_embed": torch.empty(1, 64, 64, 768), "mask_decoder.iou_token.weight": torch.empty(1, 256)}


def test_sams_own_weights_pass():
    """Whatever the width of the encoder; what else is wrong with them, their keys and shapes tell."""
    refuse_others(SAM, CHECKPOINT)
    refuse_others(SAM | {"image_encoder.pos_embed": torch.empty(1, 64, 64, 1280)}, CHECKPOINT)
    refuse_others({}, CHECKPOINT)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("image_encoder.trunk.pos_embed", "SAM 2: set family: sam2"),
        ("mask_decoder.hf_token.weight", "HQ-SAM: set family: hq_sam"),
        ("image_encoder.patch_embed.seq.0.c.weight", "a TinyViT encoder, of MobileSAM, which is not supported"),
        ("image_encoder.blocks.0.Adapter.channel.0.weight", "SAM with adapters in its encoder, as SAM-Med2D"),
        ("image_encoder.blocks.0.MLP_Adapter.D_fc1.weight", "SAM with adapters in its encoder"),
    ],
)
def test_another_network_is_named_by_its_keys(key, what):
    """With the first such key, and the family that reads it if there is one."""
    with pytest.raises(WeightsError, match=f"given.pth: expected SAM's weights; {key} is of {what}"):
        refuse_others(SAM | {key: torch.empty(1)}, CHECKPOINT)


def test_an_encoder_of_another_side_is_named_by_its_pixels():
    """16 x 16 patches of 16 px."""
    with pytest.raises(WeightsError, match=r"image_encoder\.pos_embed is that of images of 256 px, not of 1024"):
        refuse_others(SAM | {"image_encoder.pos_embed": torch.empty(1, 16, 16, 768)}, CHECKPOINT)
