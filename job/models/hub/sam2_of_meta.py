"""SAM 2 and 2.1 from Meta's own checkpoints (`.pt`), of which MedSAM2 (Ma et al. 2025, arXiv 2504.03600) is one.

Their keys are those of the authors' code; each has its counterpart in the network of `transformers`. What only videos
need is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from job.models.checkpoint import Use, read_weights
from job.models.hub.network import POSITIONS
from job.models.hub.sam2 import SAM2

IMAGE_SIZE = 1024
PATCH = 16
"""Pixels of the side of a place in the coarsest map."""
POINTS = "sam_prompt_encoder.point_embeddings."
"""Four weights of Meta's, by label, which are the rows of one here."""
MATRIX = "sam_prompt_encoder.pe_layer.positional_encoding_gaussian_matrix"

OF_META_VIDEO = (
    "maskmem_tpos_enc",
    "no_mem_pos_enc",
    "no_obj_ptr",
    "no_obj_embed_spatial",
    "memory_attention.",
    "memory_encoder.",
    "mask_downsample.",
    "obj_ptr_proj.",
    "obj_ptr_tpos_proj.",
)
RENAMED = (
    (r"^no_mem_embed$", "no_memory_embedding"),
    (r"^image_encoder\.trunk\.", "vision_encoder.backbone."),
    (r"^image_encoder\.neck\.convs\.(\d+)\.conv\.", r"vision_encoder.neck.convs.\1."),
    (r"\.patch_embed\.proj\.", ".patch_embed.projection."),
    (r"^sam_prompt_encoder\.mask_downscaling\.0\.", "prompt_encoder.mask_embed.conv1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.1\.", "prompt_encoder.mask_embed.layer_norm1."),
    (r"^sam_prompt_encoder\.mask_downscaling\.3\.", "prompt_encoder.mask_embed.conv2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.4\.", "prompt_encoder.mask_embed.layer_norm2."),
    (r"^sam_prompt_encoder\.mask_downscaling\.6\.", "prompt_encoder.mask_embed.conv3."),
    (r"^sam_prompt_encoder\.", "prompt_encoder."),
    (r"^sam_mask_decoder\.output_upscaling\.0\.", "mask_decoder.upscale_conv1."),
    (r"^sam_mask_decoder\.output_upscaling\.1\.", "mask_decoder.upscale_layer_norm."),
    (r"^sam_mask_decoder\.output_upscaling\.3\.", "mask_decoder.upscale_conv2."),
    (r"^sam_mask_decoder\.", "mask_decoder."),
    (r"\.out_proj\.", ".o_proj."),
    (r"\.norm(\d)\.", r".layer_norm\1."),
    (r"\.norm_final_attn\.", ".layer_norm_final_attn."),
    (r"\.mlp\.layers\.0\.", ".mlp.proj_in."),
    (r"\.mlp\.layers\.1\.", ".mlp.proj_out."),
    (r"(_mlps\.\d|_head)\.layers\.0\.", r"\1.proj_in."),
    (r"(_mlps\.\d|_head)\.layers\.2\.", r"\1.proj_out."),
    (r"(_mlps\.\d|_head)\.layers\.1\.", r"\1.layers.0."),
)
"""Meta's names, as patterns, and those in `transformers`; applied in order."""


@dataclass(frozen=True, kw_only=True)
class Hiera:
    """An image encoder: channels and heads of the first of four stages, which double from stage to stage.

    blocks, windows: of each stage; windows have that side in tokens. whole: blocks that attend to the whole image.
    background: side of the positional embedding that is spread over the image.
    """

    channels: int
    heads: int
    blocks: tuple[int, ...]
    whole: tuple[int, ...]
    windows: tuple[int, ...] = (8, 4, 14, 7)
    background: int = 7


ARCHITECTURES = {
    "hiera_tiny": Hiera(channels=96, heads=1, blocks=(1, 2, 7, 2), whole=(5, 7, 9)),
    "hiera_small": Hiera(channels=96, heads=1, blocks=(1, 2, 11, 2), whole=(7, 10, 13)),
    "hiera_base_plus": Hiera(channels=112, heads=2, blocks=(2, 3, 16, 3), whole=(12, 16, 20), background=14),
    "hiera_large": Hiera(channels=144, heads=2, blocks=(2, 6, 36, 4), whole=(23, 33, 43), windows=(8, 4, 16, 8)),
}
"""By the names of the authors' files (`sam2.1_hiera_tiny.pt`)."""


def parts_of(hiera: Hiera, image_size: int = IMAGE_SIZE) -> dict[str, Any]:
    """Return the parts of a config of `transformers` for one of Meta's architectures."""
    channels = [hiera.channels << stage for stage in range(4)]
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": hiera.channels,
        "num_attention_heads": hiera.heads,
        "image_size": [image_size, image_size],
        "blocks_per_stage": list(hiera.blocks),
        "embed_dim_per_stage": channels,
        "num_attention_heads_per_stage": [hiera.heads << stage for stage in range(4)],
        "window_size_per_stage": list(hiera.windows),
        "window_positional_embedding_background_size": [hiera.background] * 2,
        "global_attention_blocks": list(hiera.whole),
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": channels[::-1],
        "backbone_feature_sizes": [[image_size // stride] * 2 for stride in (PATCH // 4, PATCH // 2, PATCH)],
    }
    prompts = {"image_size": image_size, "patch_size": PATCH}
    return {"vision_config": vision, "prompt_encoder_config": prompts, "mask_decoder_config": {}}


def converted(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return Meta's weights under the names of `transformers`, without those for videos."""
    renamed = {
        name_of(key): tensor
        for key, tensor in state.items()
        if not key.startswith((*OF_META_VIDEO, POINTS)) and key != MATRIX
    }
    points = [state[f"{POINTS}{label}.weight"] for label in range(4) if f"{POINTS}{label}.weight" in state]
    if len(points) == 4:
        renamed["prompt_encoder.point_embed.weight"] = torch.cat(points)
    if MATRIX in state:
        renamed |= dict.fromkeys(POSITIONS, state[MATRIX])
    return renamed


def name_of(key: str) -> str:
    """Return the name in `transformers` of one of Meta's weights."""
    for pattern, name in RENAMED:
        key = re.sub(pattern, name, key)
    return key


def load_meta(checkpoint: Path, arch: str, image_size: int, use: Use) -> Any:
    """Build a network and load a checkpoint of Meta's, or compare them."""
    state = read_weights(checkpoint, ("model",), use.read)  # as Meta's and MedSAM2's training saves it
    config = SAM2.config_of(parts_of(ARCHITECTURES[arch], image_size), str(checkpoint))
    return SAM2.network_of(config, converted(state), use, f"{checkpoint} as {arch}")
