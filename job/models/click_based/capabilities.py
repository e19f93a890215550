"""The prompts that click-based models accept. Imports no torch."""

from __future__ import annotations

from job.models.protocol import Capabilities

CAPABILITIES = Capabilities(points=True, boxes=False, multimask=False, mask_input="always")
