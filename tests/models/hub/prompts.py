"""Prompts of every form, and images of sizes that are enlarged, made smaller, and narrow."""

from __future__ import annotations

from typing import Any

import torch

from tests.models.hub.oracle import SIDE

MASK_INPUT = torch.linspace(-9, 9, (SIDE // 4) ** 2).reshape(1, SIDE // 4, SIDE // 4)
PROMPTS: dict[str, dict[str, Any]] = {
    "a point": {"points": [(41, 31)]},
    "points": {"points": [(41, 31), (7, 50), (3, 9)], "labels": [1, 0, 1]},
    "a box": {"box": (11, 21, 53, 41)},
    "a box and points": {"points": [(41, 31), (7, 50)], "labels": [0, 1], "box": (11, 21, 53, 41)},
    "a mask input": {"points": [(41, 31)], "mask_input": MASK_INPUT},
    "a box and a mask input": {"box": (11, 21, 53, 41), "mask_input": MASK_INPUT},
}
SIZES = {"smaller": (60, 61), "larger": (200, 150), "narrow": (70, 300)}
