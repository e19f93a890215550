"""The manifest of a worker's run: what was asked, with which weights and versions, on what device, how long."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from job import __version__, storage
from job.models import device as devices
from job.plan.file import Plan
from job.study import LoadedSpec
from job.study.model import Model
from job.worker.account import Account
from job.worker.shard import Shard

VERSIONS_OF = (
    "torch",
    "torchvision",
    "segment-anything",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pillow",
    "nibabel",
)
DEPARTURES = (
    "An object that is outlined perfectly gets no more clicks: its last row is repeated (status `converged`). "
    "The published code clicks a random pixel there, and RITM's code clicks (0, 0) negatively."
)


def worker_name() -> str:
    """Return a name for this run. It ends at random: in containers, host names and process numbers can coincide."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def manifest(spec: LoadedSpec, plan: Plan, shard: Shard | None, account: Account, began: datetime) -> dict[str, Any]:
    """Describe how the rows were made. The spec stands as written, with `${VAR}` unexpanded."""
    return {
        "study": spec.study.study,
        "spec": spec.source.raw,
        "plan": plan.spec,
        "full_run": plan.limit is None,
        "limit": plan.limit,
        "shard": None if shard is None else asdict(shard),
        "seeds": list(spec.study.all_seeds),
        "precision": plan.precision,
        "batch": plan.batch,
        "models": [_model(model, plan.purposes[model.name]) for model in spec.study.models],
        "weights": {name: model.sha256 for name, model in plan.models.items()},
        "departures": DEPARTURES,
        "device": devices.describe(devices.resolve_device(spec.study.execution.device)),
        "versions": {"medsam-job": __version__} | {name: metadata.version(name) for name in VERSIONS_OF},
        "counts": dict(account.counts),
        "seconds": {stage: round(seconds, 2) for stage, seconds in account.seconds.items()},
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _model(model: Model, purpose: str | None) -> dict[str, Any]:
    """Return a model's settings with all defaults, and the purpose of its weights."""
    return model.model_dump(mode="json") | {"checkpoint": storage.public(model.checkpoint), "purpose": purpose}
