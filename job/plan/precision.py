"""Resolve `precision: auto`: fp32, or a lower precision that the records of all weights allow and the device has."""

from __future__ import annotations

from dataclasses import replace

from job import storage
from job.errors import JobError, SpecError
from job.models import precision_records
from job.models.precision import Precision, planned_precision
from job.models.precision_records import PrecisionRecords
from job.plan import file as plan_file
from job.plan.weights import hash_models
from job.storage import InputCache
from job.study import LoadedSpec


def read_records(spec: LoadedSpec) -> PrecisionRecords:
    """Return the records that count for a study; SpecError if those that the spec names cannot be read."""
    address = spec.study.execution.precision_records
    try:
        return precision_records.read(address)
    except JobError as error:
        raise SpecError([spec.source.fault(("execution", "precision_records"), str(error))]) from None


def resolved(spec: LoadedSpec, cache: InputCache) -> LoadedSpec:
    """Return the spec with the precision that `auto` has on this machine; a spec that names one is returned as it is.

    Raise SpecError if the records that the spec names cannot be read, or if weights that matter are missing.
    """
    execution = spec.study.execution
    if execution.precision != "auto":
        return spec
    records = read_records(spec)
    weights = _hashes(spec, cache, records)
    if not records.sufficing(weights):
        return _with(spec, planned_precision("auto"))
    from job.models import device as devices  # torch, which is needed only where there is a choice

    device = devices.resolve_device(execution.device)
    here = records.sufficing(weights, device.type)
    return _with(spec, next((name for name in here if devices.has_natively(name, device)), "fp32"))


def resolved_for_shard(spec: LoadedSpec, output: str, cache: InputCache, limit: int | None) -> LoadedSpec:
    """Return the spec as `resolved` does, but with the precision of the stored plan if another shard has made one."""
    if spec.study.execution.precision != "auto":
        return spec
    records = read_records(spec)
    for precision in (*records.sufficing(_hashes(spec, cache, records)), planned_precision("auto")):
        chosen = _with(spec, precision)
        if storage.info(plan_file.address(output, plan_file.spec_name(chosen.study, limit))) is not None:
            return chosen
    return resolved(spec, cache)


def _hashes(spec: LoadedSpec, cache: InputCache, records: PrecisionRecords) -> set[str]:
    """Return the sha256 of all weights, and "" for a model that has none.

    Without a record that is good enough, return nothing and read no file.
    """
    return {model.sha256 or "" for model in hash_models(spec, cache).values()} if records.hopeful else set()


def _with(spec: LoadedSpec, precision: Precision) -> LoadedSpec:
    execution = spec.study.execution.model_copy(update={"precision": precision})
    return replace(spec, study=spec.study.model_copy(update={"execution": execution}))
