"""Encodings that are worth storing: which models have them, what names one, and one as bytes.

A model takes part if it has the attribute `encoding` and each of its `EncodedImage.features` is one tensor. RITM takes
no part: its encoding is the image.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from job.models.checkpoint import METADATA_KEY
from job.models.protocol import Image

SUFFIX = ".safetensors"
ENTRY_VERSION = 1
"""Of the bytes and of the name. Another version finds no entry of this one."""
TENSOR = "features"
NARROW = (torch.bfloat16, torch.float16)
"""Types in which float32 values are stored where no bit is lost, as in autocast."""


@runtime_checkable
class StorableEncoding(Protocol):
    """What a model has whose encodings are worth storing, beside the methods of `PromptableModel`.

    encoding: names how the model prepares and encodes an image, such as `sam 1`. It changes whenever an encoding may
    change in the last bit for a reason other than weights, options of the spec, precision, device and package versions.
    """

    @property
    def encoding(self) -> str:
        """The name of the preparation and the encoder's code."""
        ...


def encoding_of(model: object) -> str | None:
    """Return the name of a model's encoding; None if its encodings are not worth storing."""
    return model.encoding if isinstance(model, StorableEncoding) else None


def entry_name(recipe: str, together: int, image_HWC: Image) -> str:
    """Return the name of an encoding: 64 hexadecimal digits.

    recipe: all that determines it but the image, as text. together: the images of the call, whose number can change the
    last bits, because kernels are chosen by the size of a batch.
    """
    digest = hashlib.sha256(json.dumps([ENTRY_VERSION, recipe, together, image_HWC.shape]).encode())
    digest.update(np.ascontiguousarray(image_HWC).data)
    return digest.hexdigest()


def to_bytes(name: str, features: Tensor) -> bytes | None:
    """Return an encoding as a safetensors file with its checksum; None if it is not finite, which may be a fault.

    The order of the axes in memory is kept, because kernels are chosen by it.
    """
    on_host = features.detach().cpu()
    if not torch.isfinite(on_host).all():
        return None
    order = sorted(range(on_host.ndim), key=on_host.stride().__getitem__, reverse=True)
    stored = _narrowed(on_host).permute(order).contiguous()
    about = {"name": name, "dtype": _text(on_host.dtype), "order": order}
    about["sha256"] = _checksum(about, stored)
    return bytes(save({TENSOR: stored}, {METADATA_KEY: json.dumps(about)}))


def from_bytes(name: str, data: bytes, device: torch.device) -> Tensor | None:
    """Return the encoding of this name, as it was; None if the bytes are damaged, cut short, or something else."""
    try:
        about, stored = _metadata(data), load(data)[TENSOR]
        if about.pop("sha256") != _checksum(about, stored) or about["name"] != name:
            return None
        dtype: torch.dtype = getattr(torch, about["dtype"])
        return stored.permute(np.argsort(about["order"]).tolist()).to(device=device, dtype=dtype)
    except Exception:  # damaged bytes raise nearly any exception
        return None


def _narrowed(features: Tensor) -> Tensor:
    """Return a tensor of the narrowest type that keeps every bit."""
    candidates = [features.to(dtype) for dtype in NARROW] if features.dtype is torch.float32 else []
    return next((narrow for narrow in candidates if torch.equal(narrow.float(), features)), features)


def _checksum(about: dict[str, Any], stored: Tensor) -> str:
    digest = hashlib.sha256(json.dumps([about, _text(stored.dtype), stored.shape], sort_keys=True).encode())
    digest.update(stored.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _metadata(data: bytes) -> dict[str, Any]:
    """Read the metadata in the header of a safetensors file: a length of 8 bytes, then JSON. `load` leaves it out."""
    length = int.from_bytes(data[:8], "little")
    return dict(json.loads(json.loads(data[8 : 8 + length])["__metadata__"][METADATA_KEY]))


def _text(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
