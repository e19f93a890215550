"""Checks a study before any work: what a run would refuse (faults), and what it would leave out (findings)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from job import datasets
from job.datasets import Source
from job.datasets.sample import Excluded
from job.errors import Fault, JobError, SpecError
from job.models import weights
from job.plan.asks import asks
from job.plan.make import find_sources, hash_weights
from job.results.store import Results
from job.spec import LoadedSpec
from job.spec.dataset import Dataset
from job.storage import InputCache

SAMPLED = 20


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found. `findings`: single files that a run would leave out. `notes`: how much was looked at."""

    faults: tuple[Fault, ...]
    findings: tuple[Excluded, ...]
    notes: tuple[str, ...]


def validate(spec: LoadedSpec, results: Results, cache: InputCache, *, full: bool) -> Report:
    """Check everything that can be checked without running a model."""
    faults: list[Fault] = []
    findings: list[Excluded] = []
    notes: list[str] = []
    try:
        asks(spec)
    except SpecError as error:
        faults.extend(error.faults)
    try:
        remark = weights.remark(weights.purposes(hash_weights(spec, cache)))
        notes.extend([remark] if remark else [])
    except SpecError as error:
        faults.extend(error.faults)
    try:
        results.check_writable()
    except JobError as error:
        faults.append(spec.source.fault(("output",), str(error)))
    for index, dataset in enumerate(spec.study.datasets):
        for found in _dataset(spec, index, dataset, cache, full):
            {Fault: faults, Excluded: findings, str: notes}[type(found)].append(found)  # type: ignore[attr-defined]
    return Report(faults=tuple(faults), findings=tuple(findings), notes=tuple(notes))


def _dataset(
    spec: LoadedSpec, index: int, dataset: Dataset, cache: InputCache, full: bool
) -> Iterator[Fault | Excluded | str]:
    try:
        sources = find_sources(spec, index)
    except SpecError as error:
        yield from error.faults
        return
    limit = spec.study.execution.max_image_px
    faulty: set[str] = set()
    for source in sources:
        for line in datasets.check_headers(dataset, source, cache, limit):
            faulty.add(source.image)
            yield line
    sound = [source for source in sources if source.image not in faulty]
    looked_at = sound if full else _evenly(sound, SAMPLED)
    seen: set[str] = set()
    for source in looked_at:
        for item in datasets.tasks_present(dataset, source, cache, limit):
            if isinstance(item, Excluded):
                yield item
            else:
                seen.add(item)
    for task in dataset.tasks:
        if task not in seen:
            text = f"no object of this task in {len(looked_at)} of {len(sources)} images"
            if len(looked_at) == len(sound):
                yield spec.source.fault(("datasets", index, "tasks", task), f"{text}: check its label values")
            else:
                yield f"{dataset.name}, {task}: {text}; --full reads them all"
    yield f"{dataset.name}: {len(sources)} images, {len(looked_at)} read whole"


def _evenly(sources: Sequence[Source], count: int) -> Sequence[Source]:
    if len(sources) <= count:
        return sources
    return [sources[i * len(sources) // count] for i in range(count)]
