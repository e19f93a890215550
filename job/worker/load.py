"""Load the models that have work, on the device of the spec."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

import structlog

from job.errors import WeightsError
from job.models import compiler, registry
from job.models import device as devices
from job.models.protocol import PromptableModel
from job.plan.file import Plan
from job.plan.weights import checkpoint_sha256, local_checkpoint
from job.storage import InputCache
from job.study import LoadedSpec
from job.study.model import ModelSpec
from job.study.study import Execution


def check_device(execution: Execution) -> None:
    """Raise JobError if this machine lacks the device of the spec, or the device the precision, or a compiler."""
    device = devices.resolve_device(execution.device)
    devices.resolve_precision(execution.precision, device)
    compiler.resolve(execution.compile, device)


def load_models(
    spec: LoadedSpec, plan: Plan, cache: InputCache, device: devices.TorchDevice, names: Container[str]
) -> dict[str, PromptableModel]:
    """Build the named models. All are built before the first chunk, so that faulty weights are reported at the start.

    Raise WeightsError for a checkpoint that cannot be loaded, or that is not the planned one.
    """
    return {
        model.name: registry.build(
            model, _planned_checkpoint(model, plan, cache), device, plan.precision, spec.study.execution.compile
        )
        for model in spec.study.models
        if model.name in names
    }


def _planned_checkpoint(model: ModelSpec, plan: Plan, cache: InputCache) -> Path | None:
    """Return a local copy of a model's checkpoint, None without one.

    Raise WeightsError if its sha256 is not the planned one.
    """
    path = local_checkpoint(model, cache)
    if checkpoint_sha256(path, model) != plan.models[model.name].sha256:
        raise WeightsError(
            f"{path}: changed since it was planned; store a new plan with `medsam-job plan SPEC --store`"
        )
    return path


def log_device(requested: str, device: devices.TorchDevice, precision: str) -> None:
    """Log the device; warn if `auto` resolved to the CPU, because the user may have expected a GPU."""
    facts = devices.describe(device)
    log = structlog.get_logger().bind(device_name=facts["device_name"], precision=precision, torch=facts["torch"])
    if requested == "auto" and device.type == "cpu":
        log.warning("no GPU is seen: running on the CPU")
    else:
        log.info(f"running on {device.type}")
