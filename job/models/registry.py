"""From a model of the spec to the model itself: what it accepts, whether its checkpoint fits, and building it."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from job.errors import JobError
from job.models.family import Family
from job.models.protocol import Capabilities, PromptableModel
from job.study.families import families, installed_family
from job.study.model import ModelSpec

if TYPE_CHECKING:
    from job.models.device import TorchDevice


def family_of(spec: ModelSpec) -> Family:
    """Return a model's family; JobError if its package brings something else."""
    family = installed_family(spec.family)
    if not isinstance(family, Family):
        raise families()[spec.family].incomplete(f"a job.models.family.Family, got {type(family).__name__}")
    return family


def version_of(spec: ModelSpec) -> list[int | str]:
    """Return what determines the rows of a family's models beside spec and weights: its version, and its package's.

    Not the version of this package: whether its rows change is said by each family's own version, and by the schema's,
    so that an update does not make finished results anew.
    """
    return [family_of(spec).version, *families()[spec.family].other_packages]


def capabilities(spec: ModelSpec) -> Capabilities:
    """Return what a model accepts. Its weights are not needed."""
    return family_of(spec).capabilities


def lacking(spec: ModelSpec) -> str:
    """Return which package a family needs that is not installed here, and what installs it; "" if it lacks none."""
    for package, command in family_of(spec).packages.items():
        if find_spec(package) is None:
            return f"the family {spec.family} needs the package {package}, which is not installed here: {command}"
    return ""


def build(
    spec: ModelSpec, checkpoint: Path | None, device: TorchDevice, precision: str, compiling: str = "auto"
) -> PromptableModel:
    """Build a model from a local copy of its checkpoint; WeightsError if that is not the one of the spec.

    precision: auto, fp32, bf16 or fp16. compiling: auto, on or off. JobError if the family lacks a package.
    """
    reason = lacking(spec)
    if reason:
        raise JobError(reason)
    from job.models.checkpoint import verify_sha256
    from job.models.device import Device

    family = family_of(spec)
    expected = spec.sha256 or family.known_sha256(spec)
    if expected and checkpoint and not checkpoint.is_dir():  # that of a folder is compared where it is planned
        verify_sha256(checkpoint, expected, spec.name)
    model = family.build(spec, checkpoint, Device.of(device, precision, compiling))
    if model.capabilities != family.capabilities:
        raise families()[spec.family].incomplete(f"a model with its {family.capabilities}, got {model.capabilities}")
    return model


def check(spec: ModelSpec, checkpoint: Path | None) -> None:
    """Raise WeightsError if a model cannot be built from a local copy of its checkpoint. Reads no weights into memory.

    The sha256 that the spec states is not checked: a plan checks it.
    """
    import torch

    from job.models.checkpoint import verify_sha256

    family = family_of(spec)
    with torch.device("meta"):
        family.check(spec, checkpoint)
    expected = family.known_sha256(spec)
    if expected and checkpoint and not spec.sha256:
        verify_sha256(checkpoint, expected, spec.name)
