"""Checkpoints: read as plain weights, verified by hash, loaded strictly. No code in a file is ever run."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from job.errors import WeightsError
from job.models.device_faults import is_out_of_memory
from job.models.outline import damaged, is_zipped, outline
from job.storage import sha256

METADATA_KEY = "medsam_job"
"""The only key in a `.safetensors` file's metadata; its value is JSON.

safetensors does not keep the order of several keys, so the same weights would get different hashes.
"""
MOST_KEYS_NAMED = 5
"""How many keys of each kind an error names."""


class Inert:
    """What becomes of an object in a checkpoint whose class is not imported: it has neither attributes nor methods."""

    def __new__(cls, *_: Any) -> Inert:
        """Return an object, whatever the file would build it from."""
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        """Drop the attributes."""


def read_checkpoint(path: Path, inert: Collection[str] = ()) -> dict[str, Any]:
    """Read a `.pth`, `.pt` or `.safetensors` file onto the CPU, as the dict that was saved.

    Tensors keep their dtype. A `.pth` may hold dicts, lists, numbers and strings beside tensors, nothing else. Raise
    WeightsError as `outline` does. inert: dotted names of classes and functions that the file may name nevertheless,
    such as a loss beside the weights. They are not imported, and their objects become `Inert`.
    """
    outline(path, inert)
    try:
        if path.suffix.lower() == ".safetensors":
            return dict(load_file(path))
        with torch.serialization.safe_globals([(Inert, name) for name in inert]):
            return dict(torch.load(path, map_location="cpu", weights_only=True, mmap=is_zipped(path)))
    except Exception as error:  # torch and safetensors raise exceptions of many kinds
        if is_out_of_memory(error):
            raise
        raise damaged(path, error) from error


def read_weights(
    path: Path, wrapped_in: Iterable[str] = (), read: Callable[[Path], dict[str, Any]] = read_checkpoint
) -> dict[str, Tensor]:
    """Read a checkpoint that is a state dict: parameter name to tensor, on the CPU.

    wrapped_in: keys below which this family's training code is documented to save its state dict. read: `outline` for
    tensors without values.
    """
    saved = read(path)
    state = next((saved[key] for key in wrapped_in if isinstance(saved.get(key), dict)), saved)
    others = [str(key) for key, value in state.items() if not isinstance(value, Tensor)]
    if others:
        raise WeightsError(f"{path}: expected tensors only, but {_some(others)} is something else; save state_dict()")
    return state


def read_metadata(path: Path) -> dict[str, Any]:
    """Read how this project trained the weights in a `.safetensors` file; an empty dict for any other checkpoint."""
    if path.suffix.lower() != ".safetensors":
        return {}
    try:
        with safe_open(path, framework="pt") as file:
            return dict(json.loads((file.metadata() or {}).get(METADATA_KEY, "{}")))
    except Exception as error:  # safetensors raises exceptions of its own
        raise damaged(path, error) from error


def verify_sha256(path: Path, expected: str, name: str) -> None:
    """Raise WeightsError unless a file has the hash that is expected of the model `name`."""
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; correct the checkpoint of {name}, or download the weights there")
    actual = sha256(path)
    if actual != expected.lower():
        raise WeightsError(
            f"{path}: these are not the weights of {name}: expected sha256 {expected.lower()}, got {actual}; "
            "download them again, or correct sha256 in the spec"
        )


def load_state(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Copy `state` into `module`; WeightsError unless keys and shapes are the same. what: file and architecture."""
    match_state(module, state, what)
    module.load_state_dict(state)


def match_state(module: nn.Module, state: Mapping[str, Tensor], what: str) -> None:
    """Raise WeightsError unless `state` has the keys and shapes of `module`. what: file and architecture."""
    own = module.state_dict()
    faults = {
        "missing": [key for key in own if key not in state],
        "unexpected": [key for key in state if key not in own],
        "wrong shape": [
            f"{key} {tuple(state[key].shape)} for {tuple(value.shape)}"
            for key, value in own.items()
            if key in state and state[key].shape != value.shape
        ],
    }
    if any(faults.values()):
        listed = "; ".join(f"{kind}: {_some(keys)}" for kind, keys in faults.items() if keys)
        raise WeightsError(f"{what}: weights and architecture do not match; {listed}; correct arch or checkpoint")


@dataclass(frozen=True)
class Use:
    """What is done with a checkpoint: how it is read, and what happens to its weights and a network."""

    read: Callable[..., dict[str, Any]]
    apply: Callable[[nn.Module, Mapping[str, Tensor], str], None]


LOAD = Use(read=read_checkpoint, apply=load_state)
COMPARE = Use(read=outline, apply=match_state)
"""Without the values of the weights, and with a network that may have none either."""


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - MOST_KEYS_NAMED} more" if len(keys) > MOST_KEYS_NAMED else ""
    return ", ".join(keys[:MOST_KEYS_NAMED]) + more
