"""Check a study before a run: what a run would refuse (faults), and what it would leave out (findings)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from job.datasets.check import check_headers, look_inside
from job.datasets.discover import Survey
from job.datasets.inventory import inventory
from job.datasets.sample import Excluded
from job.datasets.source import Source
from job.datasets.whole import doubts_of_whole
from job.errors import Fault, SpecError, StorageError, WeightsError
from job.models import registry
from job.models.known_weights import is_known
from job.plan.blocks import prompt_blocks
from job.plan.demo import demo_remark
from job.plan.file import PlannedModel
from job.plan.identity import check_distinct
from job.plan.make import find_survey
from job.plan.precision import read_records
from job.plan.seen import seen_remark
from job.plan.weights import hash_models, local_checkpoint
from job.storage import InputCache
from job.storage.address import PACKAGE
from job.study import LoadedSpec
from job.study.dataset import Dataset
from job.study.facts import seen, stated
from job.study.files import Masks
from job.study.model import ModelSpec
from job.study.official import official

Result = TypeVar("Result")

SAMPLED = 20
"""Number of images of each data set that are read whole by default."""
LABELS_SHOWN = 10


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result. findings: ledger lines of single files. notes: how much was read, and remarks."""

    faults: list[Fault] = field(default_factory=list)
    findings: list[Excluded] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        """Number of images with an error, which a run would leave out."""
        return len({(line.dataset, line.image) for line in self.findings if line.kind == "error"})


def validate(spec: LoadedSpec, cache: InputCache, *, full: bool) -> Report:
    """Check everything that can be known without running a model. full: read every image whole, not only a sample."""
    report = Report()
    blocks = _collect(report, lambda: prompt_blocks(spec))
    models = _collect(report, lambda: hash_models(spec, cache)) or {}
    if blocks and models:
        _collect(report, lambda: check_distinct(spec, blocks, models))
    _collect(report, lambda: read_records(spec))
    remarks = (
        demo_remark({name: model.purpose for name, model in models.items()}),
        seen_remark(_seen(model, models[model.name], spec) for model in spec.study.models if model.name in models),
    )
    report.notes.extend(remark for remark in remarks if remark)
    for index, model in enumerate(spec.study.models):
        if model.name not in models or not is_known(model, models[model.name].sha256):
            _check_checkpoint(report, spec, index, model, cache)
    report.notes.extend(_hash_remarks(spec.study.models, models))
    for index in range(len(spec.study.datasets)):
        survey = _collect(report, partial(find_survey, spec, index))
        if survey is not None:
            _check_dataset(report, spec, index, survey, cache, full)
    return report


def described(line: Excluded) -> str:
    """Return a line of the ledger as text."""
    where = f"{line.dataset}: {line.image}" + (f", {line.task}" if line.task else "")
    return f"{where}: {line.kind}: {line.reason}: {line.detail}"


def _collect(report: Report, check: Callable[[], Result]) -> Result | None:
    """Run a check and return its result; if it raises SpecError, add the faults to the report and return None."""
    try:
        return check()
    except SpecError as error:
        report.faults.extend(error.faults)
        return None


def _seen(model: ModelSpec, planned: PlannedModel, spec: LoadedSpec) -> dict[str, Any]:
    """Return a model as `seen_remark` takes it."""
    facts = stated(model, planned.known)
    datasets = ", ".join(seen(facts, spec.study.datasets))
    return {"model": model.name, "datasets_seen": datasets, "zero_shot": facts.zero_shot}


def _check_checkpoint(report: Report, spec: LoadedSpec, index: int, model: ModelSpec, cache: InputCache) -> None:
    """Compare a checkpoint with the model that the spec names, which takes torch.

    A missing one was reported when it was to be hashed, and so was a missing package.
    """
    if registry.lacking(model):
        return
    try:
        registry.check(model, local_checkpoint(model, cache))
    except WeightsError as error:
        report.faults.append(spec.source.fault(("models", index, "checkpoint"), str(error)))
    except StorageError:
        return
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        report.notes.append(
            f"{model.name}: its checkpoint was not compared with the model, because torch is not installed"
        )


def _hash_remarks(models: Sequence[ModelSpec], planned: Mapping[str, PlannedModel]) -> Iterator[str]:
    """Yield a remark for each checkpoint that has an official name and another hash, or no hash in the spec."""
    for model in models:
        actual = planned.get(model.name)
        if model.sha256 or actual is None or model.checkpoint is None or model.checkpoint.startswith(PACKAGE):
            continue
        known = official(model.checkpoint)
        if known and known.sha256 and known.sha256 != actual.sha256:
            remark = f"the checkpoint has the name of {known.model}, but its sha256 is {actual.sha256}: {known}"
        else:
            remark = f"name the checkpoint's sha256 in the spec, so that no other is taken: {actual.sha256}"
        yield f"{model.name}: {remark}"


def _check_dataset(report: Report, spec: LoadedSpec, index: int, survey: Survey, cache: InputCache, full: bool) -> None:
    """Check the headers of all files and the content of a sample, and look for an object of every task."""
    dataset, max_px, sources = spec.study.datasets[index], spec.study.execution.max_image_px, survey.sources
    report.findings.extend(doubts_of_whole(dataset, sources))
    sound: list[Source] = []
    for source in sources:
        findings = list(check_headers(dataset, source, cache, max_px))
        report.findings.extend(findings)
        if not findings:
            sound.append(source)
    sampled = sound if full else _evenly(sound, SAMPLED)
    present: set[str] = set()
    labels: dict[str, Counter[int | str]] = {task: Counter() for task in dataset.tasks}
    for source in sampled:
        content = look_inside(dataset, source, cache, max_px)
        report.findings.extend(content.findings)
        present |= content.tasks
        for task, found in content.labels.items():
            labels[task].update(found)
    has_errors = any(line.dataset == dataset.name and line.kind == "error" for line in report.findings)
    for task in dataset.tasks:
        if task not in present:
            text = f"no object of this task in {len(sampled)} of {len(sources)} images"
            if len(sampled) < len(sound):
                report.notes.append(f"{dataset.name}, {task}: {text}; --full reads them all")
            elif has_errors:
                report.notes.append(f"{dataset.name}, {task}: {text}; the images with errors may hold it")
            else:
                fault = spec.source.fault(("datasets", index, "tasks", task), f"{text}: check its label values")
                report.faults.append(fault)
    found_labels = "".join(f"; {text}" for text in _labels_found(dataset, labels))
    report.notes.append(f"{inventory(dataset, survey)}; {len(sampled)} read whole{found_labels}")


def _labels_found(dataset: Dataset, labels: Mapping[str, Counter[int | str]]) -> Iterator[str]:
    """Yield, for the masks that tasks share, which labels occur, and in how many images."""
    shared: dict[Masks | None, list[str]] = {}
    for task in dataset.tasks:
        shared.setdefault(dataset.tasks[task].masks, []).append(task)
    for tasks in shared.values():
        counts = sorted(labels[tasks[0]].items(), key=lambda item: (isinstance(item[0], str), item[0]))
        of_tasks = f" of {', '.join(tasks)}" if len(shared) > 1 else ""
        more = ", …" if len(counts) > LABELS_SHOWN else ""
        if counts:
            shown = ", ".join(f"{label} (in {number})" for label, number in counts[:LABELS_SHOWN])
            yield f"labels{of_tasks}: {shown}{more}"


def _evenly(sources: Sequence[Source], count: int) -> Sequence[Source]:
    """Return `count` sources at equal distances, or all if there are no more."""
    if len(sources) <= count:
        return sources
    return [sources[i * len(sources) // count] for i in range(count)]
