"""Checkpoints: read as plain weights, verified by hash, loaded strictly. No code in a file is ever run."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor, nn

from job.errors import WeightsError
from job.storage import sha256

METADATA_KEY = "medsam_job"
"""The only key in a `.safetensors` file's metadata; its value is JSON.

safetensors does not keep the order of several keys, so the same weights would get different hashes.
"""
MOST_PICKLE_BYTES = 1 << 24
"""Unpacked size of the pickle in a `.pth`. It names the tensors, which lie beside it; a ViT-H's has 100 kB."""
MOST_KEYS_NAMED = 5
"""How many keys of each kind an error names."""


def read_checkpoint(path: Path) -> dict[str, Any]:
    """Read a `.pth`, `.pt` or `.safetensors` file onto the CPU, as the dict that was saved.

    Tensors keep their dtype. A `.pth` may hold dicts, lists, numbers and strings beside tensors, nothing else.
    """
    read = READERS.get(path.suffix.lower())
    if read is None:
        raise WeightsError(
            f"{path}: expected a checkpoint named {', '.join(READERS)}; got {path.suffix or 'no suffix'}"
        )
    if not path.is_file():
        raise WeightsError(f"{path}: no such file; correct the model's checkpoint, or download the weights there")
    if path.stat().st_size == 0:
        raise WeightsError(f"{path}: the file is empty (0 bytes); download the weights again")
    saved = read(path)
    if not isinstance(saved, dict):
        raise WeightsError(
            f"{path}: expected a dict of named tensors, got a {type(saved).__name__}; save model.state_dict()"
        )
    return saved


def read_weights(path: Path, wrapped_in: Iterable[str] = ()) -> dict[str, Tensor]:
    """Read a checkpoint that is a state dict: parameter name to tensor, on the CPU.

    wrapped_in: keys below which this family's training code is documented to save its state dict.
    """
    saved = read_checkpoint(path)
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
        raise _damaged(path, error) from error


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
    module.load_state_dict(state)


def _check_pickle(path: Path) -> None:
    """Raise WeightsError for a pickle that takes minutes to read: it may be packed to a thousandth of its size."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        size = max((file.file_size for file in archive.infolist() if file.filename.endswith(".pkl")), default=0)
    if size > MOST_PICKLE_BYTES:
        raise WeightsError(
            f"{path}: its pickle has {size} bytes; at most {MOST_PICKLE_BYTES} are read; save model.state_dict()"
        )


def _some(keys: list[str]) -> str:
    more = f" and {len(keys) - MOST_KEYS_NAMED} more" if len(keys) > MOST_KEYS_NAMED else ""
    return ", ".join(keys[:MOST_KEYS_NAMED]) + more


def _read_pickle(path: Path) -> Any:
    _check_pickle(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except MemoryError:
        raise
    except Exception as error:  # a damaged pickle raises nearly any exception
        foreign = re.search(r"GLOBAL ([\w.]+)", str(error)) if isinstance(error, pickle.UnpicklingError) else None
        if foreign:
            raise WeightsError(
                f"{path}: holds more than plain weights ({foreign[1]}), so reading it could run code; refused: "
                "from a source that you trust, save its state_dict() alone, or as .safetensors"
            ) from None
        raise _damaged(path, error) from error


def _read_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except MemoryError:
        raise
    except Exception as error:  # safetensors raises exceptions of its own
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path}: damaged, incomplete, or no {path.suffix} checkpoint of plain weights ({type(error).__name__}, "
        f"{path.stat().st_size:,} bytes); compare its size with the source's and download it again"
    )


READERS: dict[str, Callable[[Path], Any]] = {
    ".pth": _read_pickle,
    ".pt": _read_pickle,
    ".safetensors": _read_safetensors,
}
