"""Files of a checkpoint's folder: its settings, which are plain JSON, and its weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from torch import Tensor

from job.errors import WeightsError
from job.models.checkpoint import read_weights

CONFIG, INDEX, WEIGHTS = "config.json", "model.safetensors.index.json", "model.safetensors"
MAX_JSON_BYTES = 1 << 24
OF_CODE = ("auto_map", "trust_remote_code", "custom_pipelines")
"""Keys of a config that name code which comes with a checkpoint."""
OF_DTYPE = ("dtype", "torch_dtype")
"""Keys of a config that say how the weights are stored. A network is built in float32, whatever they say."""


def read_json(path: Path) -> dict[str, Any]:
    """Read a file of settings; WeightsError if it is missing, or no JSON object."""
    if not path.is_file():
        raise WeightsError(
            f"{path}: no such file; expected a folder as the hub lays it out, with {CONFIG}, "
            f"preprocessor_config.json and {WEIGHTS}"
        )
    try:
        with path.open("rb") as file:
            settings = json.loads(file.read(MAX_JSON_BYTES))
    except (ValueError, RecursionError) as error:
        raise WeightsError(f"{path}: expected JSON, got something else ({error}); download it again") from error
    if not isinstance(settings, dict):
        raise WeightsError(f"{path}: expected a JSON object, got a {type(settings).__name__}; download it again")
    return settings


def read_config(folder: Path, model_types: Collection[str]) -> dict[str, Any]:
    """Read `config.json`; WeightsError if it is of another model than one of `model_types`, or names code."""
    path = folder / CONFIG
    config = read_json(path)
    if config.get("model_type") not in model_types:
        expected = " or ".join(sorted(model_types))
        raise WeightsError(
            f"{path}: expected model_type {expected}, got {config.get('model_type')}; correct family or checkpoint"
        )
    named = sorted(key for key in _keys(config) if key in OF_CODE)
    if named:
        raise WeightsError(f"{path}: {named[0]} names code that comes with the checkpoint, which is never run; refused")
    return {key: _without_dtype(value) for key, value in config.items()}


def read_folder(folder: Path, read: Callable[[Path], dict[str, Any]]) -> dict[str, Tensor]:
    """Read the weights of a folder, which are one file or several with an index: parameter name to tensor.

    read: reads one file, see `job.models.checkpoint.Use`.
    """
    return {key: tensor for path in weight_files(folder) for key, tensor in read_weights(path, (), read).items()}


def weight_files(folder: Path) -> list[Path]:
    """Return the files of a folder's weights, sorted; WeightsError if there are none, or one of an index is missing."""
    index = folder / INDEX
    if not index.is_file():
        if not (folder / WEIGHTS).is_file():
            raise WeightsError(f"{folder}: expected {WEIGHTS}, got no such file; weights of other formats are not read")
        return [folder / WEIGHTS]
    by_key = read_json(index).get("weight_map")
    if not isinstance(by_key, dict) or not all(isinstance(name, str) for name in by_key.values()):
        raise WeightsError(f"{index}: expected a weight_map from keys to files; download it again")
    names = sorted(set(by_key.values()))
    missing = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
    if missing:
        raise WeightsError(f"{index}: {missing[0]} is not in the folder; download it")
    return [folder / name for name in names]


def _keys(settings: Any) -> Iterator[str]:
    if isinstance(settings, dict):
        yield from settings
    for value in settings.values() if isinstance(settings, dict) else settings if isinstance(settings, list) else ():
        yield from _keys(value)


def _without_dtype(settings: Any) -> Any:
    if not isinstance(settings, dict):
        return settings
    return {key: _without_dtype(value) for key, value in settings.items() if key not in OF_DTYPE}
