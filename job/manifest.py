"""A worker's account of its run: what was asked, with what, on what, how long."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from job import __version__, storage
from job.models import device, weights
from job.plan.file import Plan
from job.shard import Shard
from job.spec import LoadedSpec
from job.spec.model import Model
from job.work import Account

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
    """Name this run. The last digits are drawn: in containers, hosts and process numbers are alike."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def manifest(spec: LoadedSpec, plan: Plan, shard: Shard | None, account: Account, began: datetime) -> dict[str, Any]:
    """Tell how the rows were made. The spec stands as written, with `${VAR}` unexpanded."""
    purposes = weights.purposes(plan.weights)
    return {
        "study": spec.study.study,
        "spec": spec.source.raw,
        "plan": plan.spec,
        "full_run": plan.limit is None,
        "limit": plan.limit,
        "shard": None if shard is None else asdict(shard),
        "seed": spec.study.seed,
        "precision": plan.precision,
        "batch": plan.batch,
        "models": [_model(model, purposes[model.name]) for model in spec.study.models],
        "weights": plan.weights,
        "departures": DEPARTURES,
        "device": device.describe(device.resolve_device(spec.study.execution.device)),
        "versions": {"medsam-job": __version__} | {name: metadata.version(name) for name in VERSIONS_OF},
        "counts": dict(account.counts),
        "seconds": {stage: round(seconds, 2) for stage, seconds in account.seconds.items()},
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _model(model: Model, purpose: str | None) -> dict[str, Any]:
    """Give a model's settings, defaults spelled out; what determines its rows beside its weights, and if they count."""
    return model.model_dump(mode="json") | {"checkpoint": storage.public(model.checkpoint), "purpose": purpose}
