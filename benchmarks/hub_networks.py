"""Networks of `transformers` with random weights, as published in size, by way of a folder as the hub lays it out."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

REPVIT = {
    "model_type": "timm_wrapper",
    "architecture": "repvit_m1.dist_in1k",
    "num_classes": 2,
    "model_args": {"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},
}
"""EdgeTAM's encoder as published; the package's default is another."""
HIERA_LARGE = {
    "model_type": "sam2_hiera_det_model",
    "hidden_size": 144,
    "num_attention_heads": 2,
    "embed_dim_per_stage": [144, 288, 576, 1152],
    "num_attention_heads_per_stage": [2, 4, 8, 16],
    "blocks_per_stage": [2, 6, 36, 4],
    "global_attention_blocks": [23, 33, 43],
    "window_size_per_stage": [8, 4, 16, 8],
}
"""SAM 2's largest encoder; the package's default is the smallest."""
LARGE = {"backbone_config": HIERA_LARGE, "backbone_channel_list": [1152, 576, 288, 144]}


def hq_sam(width: int, depth: int, heads: int, to_whole_image: list[int]) -> dict[str, Any]:
    """Return the parts of a config in which an HQ-SAM differs from ViT-B. to_whole_image: the blocks that attend to it."""
    vision = {
        "hidden_size": width,
        "num_hidden_layers": depth,
        "num_attention_heads": heads,
        "global_attn_indexes": to_whole_image,
    }
    return {"vision_config": vision, "mask_decoder_config": {"vit_dim": width}}


HQ_LARGE, HQ_HUGE = hq_sam(1024, 24, 16, [5, 11, 17, 23]), hq_sam(1280, 32, 16, [7, 15, 23, 31])


def hub(family: str, network: str, processor: str, **config: Any) -> Callable[[], Any]:
    """Return a builder of a model. network, processor: the package's names. config: what differs from its default."""

    def build() -> Any:
        import transformers

        from job.testing import built

        network_config = getattr(transformers, f"{network}Config")(**config)
        with tempfile.TemporaryDirectory() as folder:
            getattr(transformers, f"{network}Model")(network_config).save_pretrained(folder)
            images = getattr(transformers, f"{processor}ImageProcessor")()
            Path(folder, "preprocessor_config.json").write_text(images.to_json_string())
            return built({"name": family, "family": family, "checkpoint": folder})

    return build


HUB: dict[str, Callable[[], Any]] = {
    "sam2-hiera_tiny": hub("sam2", "Sam2", "Sam2"),
    "sam2-hiera_large": hub("sam2", "Sam2", "Sam2", vision_config=LARGE),
    "sam3_tracker": hub("sam3_tracker", "Sam3Tracker", "Sam3"),
    "hq_sam-vit_b": hub("hq_sam", "SamHQ", "Sam"),
    "hq_sam-vit_l": hub("hq_sam", "SamHQ", "Sam", **HQ_LARGE),
    "hq_sam-vit_h": hub("hq_sam", "SamHQ", "Sam", **HQ_HUGE),
    "edgetam": hub("edgetam", "EdgeTam", "Sam2", vision_config={"backbone_config": REPVIT}),
}
