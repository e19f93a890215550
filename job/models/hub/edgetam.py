"""EdgeTAM (Zhou et al. 2025, arXiv 2501.07256) on images: SAM 2's prompt encoder and decoder on a RepViT."""

from __future__ import annotations

from typing import Any

from job.models.hub.memory import Memory
from job.models.hub.network import Kind
from job.models.hub.sam2 import scaled_memory

EDGETAM = Kind(
    name="EdgeTam",
    model_types=("edgetam", "edgetam_video"),
    of_videos=("edgetam_video",),
    encoders=("edgetam_vision_model", "timm_wrapper"),
    # By a name the package builds whatever timm has, and fetches what is an address: here, only the authors' encoder.
    backbone={
        "architecture": ("repvit_m1.dist_in1k", "repvit_m1"),
        "model_args": ({"in_chans": 3, "features_only": True, "out_indices": [0, 1, 2, 3]},),
    },
)
ENCODE_BYTES = 576 << 20
"""Peak memory of encoding one image of 1024 px."""


def memory_of(network: Any) -> Memory:
    """Estimate the memory of an EdgeTAM."""
    return scaled_memory(network, ENCODE_BYTES)
