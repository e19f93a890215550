"""Read checkpoints of click-based models: the official form (`config` and `state_dict`), or plain `.safetensors`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from job.errors import WeightsError
from job.models.checkpoint import Use


def read_state(
    path: Path, use: Use, family: str, check_config: Callable[[Any], None], inert: Collection[str] = ()
) -> dict[str, Tensor]:
    """Return the state dict of a checkpoint.

    check_config: raises WeightsError unless the config of an official one is that of the architecture in the spec.
    inert: as for `read_checkpoint`.
    """
    saved = use.read(path, inert)
    if path.suffix.lower() == ".safetensors":
        return saved
    state = saved.get("state_dict")
    if "config" not in saved or not isinstance(state, dict):
        raise WeightsError(
            f"{path}: expected an official {family} checkpoint, a dict with 'config' and 'state_dict' "
            f"(got {', '.join(map(str, list(saved)[:3])) or 'nothing'}); save bare weights as .safetensors"
        )
    others = [str(key) for key, value in state.items() if not isinstance(value, torch.Tensor)]
    if others:
        raise WeightsError(f"{path}: state_dict: expected tensors only (got something else at {others[0]})")
    try:
        check_config(saved["config"])
    except WeightsError as error:
        raise WeightsError(f"{path}: {error}") from None
    return state
