"""Whether this machine was given a GPU. Pure: from the environment and the files of NVIDIA's driver, without torch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

DEVICES = "dev"
DRIVER_FILES = ("proc/driver/nvidia/version", "sys/module/nvidia/version")
"""Files that state the version of the loaded driver. A container sees its host's, also without a GPU of its own."""
VERSION = re.compile(r"\b\d{3,}\.\d+(?:\.\d+)?\b")

WITHOUT_GPU = ("", "void", "none")
"""Values of NVIDIA_VISIBLE_DEVICES that request no GPU. It is `void` too where the runtime adds devices by CDI."""
HIDDEN = re.compile(r"|-.*|none|void|NoDevFiles", re.IGNORECASE)
"""Values of CUDA_VISIBLE_DEVICES that hide all GPUs, by intent. A mistyped one also hides them, but is a request."""


@dataclass(frozen=True, kw_only=True)
class GivenGpu:
    """What says that there is a GPU. signs: paths and variables. driver: the loaded driver's version, if stated."""

    signs: tuple[str, ...]
    driver: str | None


def given_gpu(environment: Mapping[str, str], root: Path) -> GivenGpu | None:
    """Return the signs of a GPU, or None if there are none or CUDA_VISIBLE_DEVICES hides it. root: `/`."""
    requested = environment.get("CUDA_VISIBLE_DEVICES")
    if requested is not None and HIDDEN.fullmatch(requested.strip()):
        return None
    signs = tuple(_signs(environment, root))
    return GivenGpu(signs=signs, driver=_driver(root)) if signs else None


def _signs(environment: Mapping[str, str], root: Path) -> Iterator[str]:
    yield from (f"/{DEVICES}/{path.name}" for path in sorted((root / DEVICES).glob("nvidia*"))[:1])
    granted = environment.get("NVIDIA_VISIBLE_DEVICES")
    if granted is None or granted.strip() not in WITHOUT_GPU:
        yield from (f"/{name}" for name in DRIVER_FILES if (root / name).is_file())
    for name, without in (("NVIDIA_VISIBLE_DEVICES", WITHOUT_GPU), ("CUDA_VISIBLE_DEVICES", ("",))):
        if environment.get(name, "").strip() not in without:
            yield f"{name}={environment[name]}"


def _driver(root: Path) -> str | None:
    """Return the version that the driver's files state; None if there is no such file."""
    texts = ((root / name).read_text(errors="replace") for name in DRIVER_FILES if (root / name).is_file())
    return next((found[0] for text in texts if (found := VERSION.search(text))), None)
