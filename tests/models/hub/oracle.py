"""Small random networks of `transformers`, saved as the hub lays them out, and its own processor and model on a prompt.

The package's own processor and model run one image and one prompt at a time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from benchmarks.hub_networks import REPVIT
from job.models.protocol import Image, Request
from tests.models.requests import randomise

SIDE = 128
"""Side of the encoder's square, px."""
HIDDEN = 32
DECODER = {"hidden_size": HIDDEN, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": HIDDEN}
PROMPTS = {"hidden_size": HIDDEN, "image_size": SIDE, "patch_size": 16}


def saved(network: Any, processor: Any, folder: Path, seed: int = 0) -> Path:
    """Save a network with random weights, and the processor, as a folder."""
    randomise(network, seed)
    network.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder


def sam2_config(side: int = SIDE, of: str = "Sam2") -> Any:
    """Return the config of a SAM 2 with five blocks."""
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 16,
        "image_size": [side, side],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [16, 32, 64, 128],
        "num_attention_heads_per_stage": [1, 2, 4, 8],
        "window_size_per_stage": [8, 4, 4, 2],
        "global_attention_blocks": [3],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [128, 64, 32, 16],
        "backbone_feature_sizes": [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2],
        "fpn_hidden_size": HIDDEN,
    }
    config: Any = getattr(transformers, f"{of}Config")
    parts = {"prompt_encoder_config": PROMPTS | {"image_size": side}, "mask_decoder_config": DECODER}
    return config(vision_config=vision, **parts)


def sam2_processor(side: int = SIDE) -> Any:
    """Return the processor of SAM 2 for images of another side than 1024."""
    return transformers.Sam2Processor(transformers.Sam2ImageProcessor(size={"height": side, "width": side}))


def answer(network: Any, processor: Any, image: Image, request: Request, **options: Any) -> Any:
    """Return what the package's own processor and model answer: low-resolution logits, IoU, and logits of the image.

    options: of the model's call.
    """
    points = [[request.points_N2.tolist()]] if len(request.points_N2) else None
    labels = [[request.labels_N.tolist()]] if len(request.points_N2) else None
    boxes = None if request.box_4 is None else [[request.box_4.tolist()]]
    given = {"input_points": points, "input_labels": labels, "input_boxes": boxes}
    given = {name: value for name, value in given.items() if value is not None}
    inputs = processor(images=image, return_tensors="pt", **given)
    sizes = [inputs.pop("original_sizes")]
    if "reshaped_input_sizes" in inputs:
        sizes.append(inputs.pop("reshaped_input_sizes"))
    for name in ("input_points", "input_boxes"):
        if name in inputs:
            inputs[name] = inputs[name].float()
    masks: Tensor | None = None if request.mask_input is None else request.mask_input[None]
    with torch.inference_mode():
        output = network.eval()(**inputs, input_masks=masks, multimask_output=request.multimask, **options)
        upscaled = processor.post_process_masks(output.pred_masks, *sizes, binarize=False)
    return output.pred_masks[0, 0], output.iou_scores[0, 0], upscaled[0][0]


def hq_sam_config() -> Any:
    """Return the config of an HQ-SAM with three blocks, of which the second attends to the whole image."""
    vision = {
        "hidden_size": 24,
        "output_channels": HIDDEN,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "image_size": SIDE,
        "window_size": 3,
        "global_attn_indexes": [1],
        "num_pos_feats": HIDDEN // 2,
        "initializer_range": 0.02,
    }
    decoder = DECODER | {"vit_dim": 24}
    return transformers.SamHQConfig(vision_config=vision, prompt_encoder_config=PROMPTS, mask_decoder_config=decoder)


def hq_sam_processor() -> Any:
    """Return the processor of HQ-SAM for images of another side than 1024."""
    images = transformers.SamImageProcessor(size={"longest_edge": SIDE}, pad_size={"height": SIDE, "width": SIDE})
    return transformers.SamHQProcessor(images)


def edgetam_config(of: str = "EdgeTam") -> Any:
    """Return the config of an EdgeTAM: its encoder as published, with a small decoder."""
    vision = {
        "model_type": "edgetam_vision_model",
        "backbone_config": REPVIT,
        "backbone_feature_sizes": [[SIDE // 4] * 2, [SIDE // 8] * 2, [SIDE // 16] * 2],
        "fpn_hidden_size": HIDDEN,
    }
    config: Any = getattr(transformers, f"{of}Config")
    return config(vision_config=vision, prompt_encoder_config=PROMPTS, mask_decoder_config=DECODER)


def sam3_vision(side: int = SIDE) -> dict[str, Any]:
    """Return the part of a config that is the encoder of a SAM 3 with two blocks and patches of 16 px."""
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": side,
        "patch_size": 16,
        "window_size": 4,
        "global_attn_indexes": [1],
        "pretrain_image_size": 64,
    }
    return {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "backbone_feature_sizes": [[side // 4] * 2, [side // 8] * 2, [side // 16] * 2],
        "scale_factors": [4.0, 2.0, 1.0],
        "fpn_hidden_size": HIDDEN,
    }


def sam3_tracker_config() -> Any:
    """Return the config of a small tracker of SAM 3."""
    return transformers.Sam3TrackerConfig(
        vision_config=sam3_vision(), prompt_encoder_config=PROMPTS, mask_decoder_config=DECODER
    )


def sam3_tracker_processor() -> Any:
    """Return the processor of SAM 3's tracker for images of another side than 1008."""
    images = transformers.Sam3ImageProcessor(size={"height": SIDE, "width": SIDE})
    return transformers.Sam3TrackerProcessor(images)
