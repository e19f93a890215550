"""Boundary metrics from stored masks: each part of the plan that lacks them is read, scored on all cores and stored.

It needs no weights, images or GPU, and does not import torch: the step that gathers shards runs it on small machines.
"""

from __future__ import annotations

import time
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Literal

import structlog

from job import __version__
from job.models import processors
from job.plan.file import Part, Plan, fingerprint
from job.results import boundary_files
from job.results.boundary import VERSION, Asked, boundary_table
from job.results.store import Results
from job.results.tables import OBJECTS, PREDICTIONS
from job.results.unpacking import read_table
from job.study.prompts import Prompts
from job.study.study import Study
from job.worker.read_ahead import threads


@dataclass(frozen=True, kw_only=True)
class _ToDo:
    """A file to be made: its name, its part, and the addresses of the part's objects and predictions."""

    name: str
    part: Part
    objects: str
    predictions: str


def add_boundary_metrics(study: Study, results: Results, plan: Plan) -> int:
    """Compute and store what `statistics.metrics` asks, for the stored parts that lack it; return their number.

    Raise OutputError for a damaged file.
    """
    asked = _asked(study)
    keys = {dataset: _key(of_dataset, study.statistics.metrics_at) for dataset, of_dataset in asked.items()}
    boundary_files.ask(results, plan.spec, keys)
    left = _left(results, plan) if asked else []
    if not left:
        return 0
    log, began = structlog.get_logger(), time.monotonic()
    log.info("computing boundary metrics", parts=len(left))
    dataset_of = plan.dataset_of
    with threads(processors.usable()) as pool:
        for to_do in left:
            steps = _steps(study.prompts[to_do.part.block], study.statistics.metrics_at)
            _add(results, to_do, asked[dataset_of[to_do.part.name]], steps, pool)
    log.info("computed boundary metrics", parts=len(left), seconds=round(time.monotonic() - began, 1))
    return len(left)


def _add(results: Results, to_do: _ToDo, asked: Asked, steps: set[int], pool: Executor) -> None:
    """Compute and store the metrics of one part."""
    began = time.monotonic()
    objects, predictions = read_table(to_do.objects, OBJECTS), read_table(to_do.predictions, PREDICTIONS)
    rows = boundary_table(objects, predictions, asked, steps, pool)
    made = {
        "part": to_do.part.name,
        "predictions": to_do.predictions.rsplit("/", 1)[-1],
        "metrics": list(asked.metrics),
        "tolerance_mm": dict(asked.tolerances),
        "version": VERSION,
        "seconds": round(time.monotonic() - began, 3),
        "medsam_job": __version__,
    }
    results.write_boundary(to_do.name, rows, made)


def _asked(study: Study) -> dict[str, Asked]:
    """Return what the spec asks of each data set; nothing if it asks no metrics."""
    metrics = sorted(study.statistics.metrics)
    return {
        dataset.name: Asked(
            metrics=metrics, tolerances={name: task.tolerance_mm for name, task in dataset.tasks.items()}
        )
        for dataset in (study.datasets if metrics else ())
    }


def _key(asked: Asked, at: str) -> str:
    """Return the key of all that determines the rows of given predictions."""
    return fingerprint({"version": VERSION, "metrics": asked.metrics, "tolerances": dict(asked.tolerances), "at": at})


def _left(results: Results, plan: Plan) -> list[_ToDo]:
    """Return the files that are to be made.

    Parts without stored objects are passed over: a check of the statistics names scores without their objects.
    """
    parts = {part.name: part for part in plan.parts}
    objects = results.located("objects", (chunk.name for chunk in plan.chunks))
    predictions = results.prediction_files(parts)
    names = boundary_files.names(results, plan.spec, plan.dataset_of, predictions)
    done = results.names("boundary")
    return [
        _ToDo(name=name, part=parts[part], objects=objects[parts[part].chunk], predictions=predictions[part])
        for part, name in names.items()
        if name not in done and parts[part].chunk in objects
    ]


def _steps(block: Prompts, at: Literal["ends", "every"]) -> set[int]:
    """Return the steps that are scored: the first and the last click or every step, or the only step of modes."""
    if block.clicks is None:
        return {1}
    return {1, block.clicks.steps} if at == "ends" else {*range(block.clicks.first_step, block.clicks.steps + 1)}
