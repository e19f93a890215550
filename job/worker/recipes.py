"""What determines an encoding beside the image, so that a stored one has the very bits that would be computed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from job.models import device as devices
from job.models.embedding import encoding_of
from job.models.protocol import PromptableModel
from job.plan.file import Plan
from job.plan.identity import identity
from job.study import LoadedSpec
from job.worker.manifest import versions


def recipes(
    spec: LoadedSpec, plan: Plan, models: Mapping[str, PromptableModel], device: devices.TorchDevice
) -> dict[str, str]:
    """Return all that determines an encoding but the images, as text, for each model with encodings to store."""
    made = {
        "precision": plan.precision,
        "versions": versions(),
        "device": _kind(devices.describe(device)),
    }
    named = {model.name: model for model in spec.study.models}
    return {
        name: json.dumps(made | identity(named[name], plan.models[name]) | {"encoding": encoding}, sort_keys=True)
        for name, model in models.items()
        if (encoding := encoding_of(model)) is not None
    }


def _kind(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a device can change the last bits of an encoding: of a GPU, neither its memory nor threads."""
    without = {"device_memory_bytes"} | ({"threads"} if facts["device"] != "cpu" else set())
    return {name: value for name, value in facts.items() if name not in without}
