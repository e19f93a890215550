"""How pixels become the input of an encoder, as the authors' image processor in `transformers` does it.

An image is resized in uint8, bilinear with antialiasing, by the same function as theirs on the CPU; the rest is done on
the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2.functional import resize

from job.errors import WeightsError
from job.models import imagenet
from job.models.hub.folder import read_json
from job.models.protocol import Image

BILINEAR = 2
"""Pillow's number, which files of settings hold."""
RESCALE = 1 / 255


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """side: of the encoder's square, px. mean, std: of each channel after pixels were multiplied by `rescale`.

    keeps_shape: whether only the longest side becomes `side`, with zeros right and below (SAM), or both (SAM 2).
    """

    side: int
    keeps_shape: bool
    mean: tuple[float, ...] = imagenet.MEAN
    std: tuple[float, ...] = imagenet.STD
    rescale: float = RESCALE

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of an image after it is resized."""
        if not self.keeps_shape:
            return self.side, self.side
        scale = self.side / max(height, width)
        return int(height * scale + 0.5), int(width * scale + 0.5)

    def resized(self, image_HWC: Image) -> Image:
        """Resize an image, uint8."""
        image_CHW = torch.from_numpy(np.ascontiguousarray(image_HWC.transpose(2, 0, 1)))
        size = list(self.size(*image_HWC.shape[:2]))
        resized_CHW: Tensor = resize(image_CHW, size, interpolation=InterpolationMode.BILINEAR, antialias=True)
        return resized_CHW.permute(1, 2, 0).numpy()

    def normalised(self, pixels_N3SS: Tensor) -> Tensor:
        """Return pixels, uint8, in float32 as the encoder takes them."""
        mean_311, std_311 = _scaled(self, pixels_N3SS.device)
        return (pixels_N3SS.float() - mean_311) / std_311


@lru_cache(maxsize=16)
def _scaled(preprocessing: Preprocessing, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of pixels from 0 to 255, rounded as the authors do."""
    values = (preprocessing.mean, preprocessing.std)
    mean_311, std_311 = (torch.tensor(value).view(-1, 1, 1) * (1.0 / preprocessing.rescale) for value in values)
    return mean_311.to(device), std_311.to(device)


def read_preprocessing(folder: Path, side: int, *, keeps_shape: bool) -> Preprocessing:
    """Read the settings of a folder's image processor; WeightsError if they are not what this module does.

    side: of the network's input. keeps_shape: as its family's processor does it.
    """
    path, settings = _settings(folder)
    edges = ("longest_edge",) if keeps_shape else ("height", "width")
    expected = {
        "size": dict.fromkeys(edges, side),
        "do_resize": True,
        "do_rescale": True,
        "do_normalize": True,
        "resample": BILINEAR,
    }
    if keeps_shape:
        expected |= {"do_pad": True, "pad_size": {"height": side, "width": side}}
    for key, value in expected.items():
        given = settings.get(key)
        if given is not None and given != value:
            raise WeightsError(f"{path}: {key}: expected {value}, got {given}; this checkpoint is not supported")
    return Preprocessing(
        side=side,
        keeps_shape=keeps_shape,
        mean=_numbers(path, settings, "image_mean"),
        std=_numbers(path, settings, "image_std"),
        rescale=_numbers(path, {"rescale_factor": [settings.get("rescale_factor", RESCALE)] * 3}, "rescale_factor")[0],
    )


def _settings(folder: Path) -> tuple[Path, Mapping[str, Any]]:
    """Return the settings of the image processor, which newer folders have inside those of the processor."""
    combined = folder / "processor_config.json"
    if combined.is_file():
        inner = read_json(combined).get("image_processor")
        if isinstance(inner, dict):
            return combined, inner
    path = folder / "preprocessor_config.json"
    return path, read_json(path)


def _numbers(path: Path, settings: Mapping[str, Any], key: str) -> tuple[float, ...]:
    values = settings.get(key)
    if not isinstance(values, list) or len(values) != 3 or not all(type(value) in (int, float) for value in values):
        raise WeightsError(f"{path}: {key}: expected three numbers, got {values}; download it again")
    if key != "image_mean" and not all(value > 0 for value in values):
        raise WeightsError(f"{path}: {key}: expected numbers above 0, got {values}; download it again")
    return tuple(map(float, values))
