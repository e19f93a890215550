"""The tracker of SAM 3 (Carion et al. 2025, arXiv 2511.16719) on images: SAM 2's prompts on SAM 3's encoder.

A published folder holds the detector, which texts prompt, beside the tracker. They share the encoder's backbone, and
each has a neck. The detector is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from torch import Tensor

from job.models.hub.memory import Memory
from job.models.hub.network import OF_VIDEO, Kind
from job.models.hub.sam2 import scaled_memory

RENAMED = (
    (r"^tracker_model\.", ""),
    (r"^detector_model\.vision_encoder\.backbone\.", "vision_encoder.backbone."),
    (r"^tracker_neck\.", "vision_encoder.neck."),
)
"""Names of a folder with a detector, as patterns, and those of the tracker alone; applied in order.

The package puts the first before all names of a tracker that it saves alone, those of the others among them.
"""
ENCODE_BYTES, REQUEST_BYTES = 560 << 20, 63 << 20
"""Peak memory of encoding one image of 1008 px and of a request, over the square of 288 / 256."""


class TrackerKind(Kind):
    """The tracker, alone or beside the detector."""

    def unpacked(
        self, settings: Mapping[str, Any], state: Mapping[str, Tensor]
    ) -> tuple[Mapping[str, Any], Mapping[str, Tensor]]:
        """Return the parts and the weights of the tracker, under its own names."""
        renamed = {_name_of(key): tensor for key, tensor in state.items()}
        of_images = {
            key: tensor for key, tensor in renamed.items() if not key.startswith((*OF_VIDEO, "detector_model."))
        }
        return settings.get("tracker_config") or settings, of_images


SAM3_TRACKER = TrackerKind(
    name="Sam3Tracker",
    model_types=("sam3_tracker", "sam3_tracker_video", "sam3_video"),
    encoders=("sam3_vision_model", "sam3_vit_model"),
)


def memory_of(network: Any) -> Memory:
    """Estimate the memory of a tracker."""
    return scaled_memory(network, ENCODE_BYTES, REQUEST_BYTES)


def _name_of(key: str) -> str:
    for pattern, name in RENAMED:
        key = re.sub(pattern, name, key)
    return key
