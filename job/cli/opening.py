"""Open the input of a command: a study's spec with its results folder, or a results folder alone."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from job import storage
from job.cli import first_steps, meant
from job.errors import JobError, OutputError, SpecError, StorageError, UnsetVariablesError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.results.store import Results
from job.results.summary import current_plan
from job.storage import InputCache
from job.study import MAX_BYTES, LoadedSpec, load, load_bytes
from job.study.addresses import normal, output_refusal, overlap, refusal
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
        return load(address, read=storage.read_head)
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
        head = storage.read_head(normal(address), MAX_BYTES + 1)
    except StorageError:
        results = None if address.endswith(meant.SPEC_ENDINGS) else _results_for_spec(address)
        if results:
            raise JobError(results) from None
        raise
    return load_bytes(head, storage.public(address), read=storage.read_head)


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
        return current_plan(address) is not None
    except JobError:
        return False


def open_study(spec_address: str, output: str | None) -> tuple[LoadedSpec, Results]:
    """Read a study's spec and open its results folder: `output`, or else the spec's."""
    _require_temporary_folder()
    spec = read_spec(spec_address)
    for remark in first_steps.not_mounted(os.environ):
        print(remark, file=sys.stderr)
    if output is None:
        return spec, Results(spec.study.output_address)
    if (place := spec.study.execution.embeddings) is not None and overlap(place, output):
        raise OutputError(f"output {storage.public(output)}: expected another folder than that of execution.embeddings")
    return spec, Results(_checked(output))


def open_cache(spec: LoadedSpec) -> InputCache:
    """Open the folder of local copies of remote inputs."""
    return InputCache(storage.cache_folder(), int(spec.study.execution.cache_gb * BYTES_PER_GB))


def open_results(output: str, plan: str | None = None) -> tuple[Results, Plan]:
    """Open a results folder and read one of its plans. plan: the first letters of its name; None: the one it follows.

    Raise OutputError if there is no such plan, or several.
    """
    other = _instead_of_results(output)
    if other:
        raise OutputError(other)
    results = Results(_checked(output))
    name = _full_name(results, plan) if plan else current_plan(results.output)
    if name is None:
        raise OutputError(f"{storage.public(output)}: holds no results of a study")
    stored = plan_file.read(results.output, name)
    if stored is None:
        raise OutputError(f"{storage.public(output)}: its plan is missing; run the study again")
    return results, stored


def _full_name(results: Results, beginning: str) -> str:
    names = plan_file.names(results.output)
    matching = [name for name in names if name.startswith(beginning)]
    if len(matching) != 1:
        raise OutputError(
            f"--plan: expected one of {', '.join(names) or 'none, for no plan is stored'}; got {beginning}"
        )
    return matching[0]


def _require_temporary_folder() -> None:
    """Raise JobError if there is no folder for temporary files; torch and the statistics need one."""
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        mend = "add --tmpfs /tmp, or " if first_steps.in_container(os.environ) else ""
        raise JobError(f"{error.strerror}: {mend}set TMPDIR to a folder that can be written") from None


def _instead_of_results(output: str) -> str | None:
    """Return the message for a query, a spec, another file or a folder of outputs where an output was expected."""
    expected, path = "expected the output of a study: a folder, or an address", Path(output)
    if meant.is_query(output):
        command = "show" if output.strip().lower().startswith("where") else "sql"
        return f"{shorten(output)}: {expected}; the query comes second: `medsam-job {command} OUTPUT QUERY`"
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
        raise OutputError(f"output {storage.public(output)!r}: {expected}")
    return normal(output)
