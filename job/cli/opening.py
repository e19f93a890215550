"""Open the input of a command: a study's spec with its results folder, or a results folder alone."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from job import storage
from job.cli import first_steps, meant
from job.errors import JobError, OutputError, SpecError, StorageError, UnsetVariablesError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.results.store import Results
from job.storage import InputCache
from job.study import MAX_BYTES, LoadedSpec, load, load_bytes
from job.study.addresses import output_refusal, refusal
from job.study.yaml_source import YamlSource, shorten

BYTES_PER_GB = 10**9


def read_spec(address: str) -> LoadedSpec:
    """Read a spec from a local path or a store. Raise SpecError with all faults, or another JobError if it is no spec.

    The error of unset variables says what they must hold and how to set them.
    """
    try:
        return _read_local(address) if "://" not in address else _read_remote(address)
    except UnsetVariablesError as error:
        container = first_steps.in_container(os.environ)
        raise JobError(f"{error}\n{first_steps.way_out(address, error.uses, container=container)}") from None


def _read_local(address: str) -> LoadedSpec:
    if meant.exists(address) and Path(address).is_dir():
        raise JobError(_results_for_spec(address) or meant.instead_of_folder(address))
    try:
        return load(address)
    except SpecError as error:
        if meant.exists(address):
            raise
        hint = _where_it_may_be(address)
        raise SpecError(replace(fault, hint=hint) for fault in error.faults) from None


def _where_it_may_be(address: str) -> str | None:
    similar = meant.spec_like(address)
    if similar:
        return f"did you mean {similar}?"
    if first_steps.in_container(os.environ):
        return f'mount its folder: docker run -v "$PWD:/mine:ro" … medsam-job /mine/{Path(address).name}'
    return None


def _read_remote(address: str) -> LoadedSpec:
    expected = refusal(address)
    if expected:
        raise SpecError([YamlSource(storage.public(address)).fault((), expected)])
    try:
        head = storage.read_head(address, MAX_BYTES + 1)
    except StorageError:
        results = None if address.endswith(meant.SPEC_ENDINGS) else _results_for_spec(address)
        if results:
            raise JobError(results) from None
        raise
    return load_bytes(head, storage.public(address))


def _results_for_spec(address: str) -> str | None:
    """Return the message for an output where a spec was expected; None if the address holds no results."""
    if not _holds_results(address):
        return None
    shown = storage.public(address)
    return (
        f"{shown}: holds the results of a study; expected its spec, a YAML file. `medsam-job status {shown}` shows the "
        "progress; to continue the study, run its spec"
    )


def _holds_results(address: str) -> bool:
    try:
        Results(address).latest_plan()
    except JobError:
        return False
    return True


def open_study(spec_address: str, output: str | None) -> tuple[LoadedSpec, Results]:
    """Read a study's spec and open its results folder: `output`, or else the spec's."""
    spec = read_spec(spec_address)
    for remark in first_steps.not_mounted(os.environ):
        print(remark, file=sys.stderr)
    return spec, Results(_checked(output) if output else spec.study.output_address)


def open_cache(spec: LoadedSpec) -> InputCache:
    """Open the folder of local copies of remote inputs."""
    folder = Path(os.environ.get("MEDSAM_JOB_CACHE") or Path.home() / ".cache" / "medsam-job")
    return InputCache(folder, int(spec.study.execution.cache_gb * BYTES_PER_GB))


def open_results(output: str) -> tuple[Results, Plan]:
    """Open a results folder and read the plan of its latest run."""
    other = _instead_of_results(output)
    if other:
        raise OutputError(other)
    results = Results(_checked(output))
    stored = plan_file.read(output, results.latest_plan())
    if stored is None:
        raise OutputError(f"{storage.public(output)}: its plan is missing; run the study again")
    return results, stored


def _instead_of_results(output: str) -> str | None:
    """Return the message for a query, a spec, another file or a folder of outputs where an output was expected."""
    expected, path = "expected the output of a study: a folder, or an address", Path(output)
    if meant.is_query(output):
        return f"{shorten(output)}: {expected}; the query comes second: `medsam-job sql OUTPUT QUERY`"
    if not meant.exists(output):
        return None
    if path.is_file() and path.suffix in meant.SPEC_ENDINGS:
        return f"{output}: {expected}; this is a spec{_output_of(output)}"
    if path.is_file():
        return f"{output}: {expected}; this is a file"
    if path.is_dir() and not _holds_results(output):
        outputs = [str(child) for child in meant.entries(path) if child.is_dir() and _holds_results(str(child))]
        return f"{output}: {expected}; did you mean {' or '.join(outputs)}?" if outputs else None
    return None


def _output_of(spec: str) -> str:
    try:
        return f", whose output is {storage.public(load(spec).study.output_address)}"
    except SpecError:
        return ""


def _checked(output: str) -> str:
    expected = output_refusal(output)
    if expected:
        raise OutputError(f"{storage.public(output)}: {expected}")
    return output
