"""How many images share a pass of an encoder."""

from __future__ import annotations

import torch

MOST = 16
"""ViT-B makes 287 images a second in passes of 16, and 263 in passes of 8: benchmarks/gpu_h100_202611.md."""
SHARE_OF_MEMORY = 8
"""A pass may take this part of a GPU's memory."""


def encode_batch(device: torch.device, image_bytes: int) -> int:
    """Return the number of images in a pass: a power of two, the same on every device of a kind; 1 on a CPU."""
    if device.type == "cpu":
        return 1
    fitting = torch.cuda.get_device_properties(device).total_memory // (SHARE_OF_MEMORY * image_bytes)
    return int(min(MOST, 1 << max(1, fitting).bit_length() - 1))
