"""Open the input of a command: a study's spec with its results folder, or a results folder alone."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from job import storage
from job.errors import JobError, OutputError, SpecError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.results.store import Results
from job.storage import InputCache
from job.study import MAX_BYTES, LoadedSpec, load, load_bytes
from job.study.addresses import normal, output_refusal, refusal
from job.study.yaml_source import YamlSource

BYTES_PER_GB = 10**9


def read_spec(address: str) -> LoadedSpec:
    """Read a spec from a local path or a store. Raise SpecError with all faults, or StorageError if the store fails."""
    if "://" not in address:
        return load(address)
    expected = refusal(address)
    if expected:
        raise SpecError([YamlSource(storage.public(address)).fault((), expected)])
    return load_bytes(storage.read_head(normal(address), MAX_BYTES + 1), storage.public(address))


def open_study(spec_address: str, output: str | None) -> tuple[LoadedSpec, Results]:
    """Read a study's spec and open its results folder: `output`, or else the spec's."""
    _require_temporary_folder()
    spec = read_spec(spec_address)
    return spec, Results(_checked(output) if output is not None else spec.study.output_address)


def open_cache(spec: LoadedSpec) -> InputCache:
    """Open the folder of local copies of remote inputs."""
    return InputCache(_cache_folder(), int(spec.study.execution.cache_gb * BYTES_PER_GB))


def open_results(output: str, plan: str | None) -> tuple[Results, Plan]:
    """Open a results folder and read one of its plans. plan: the first letters of its name; None: the one it follows.

    Raise OutputError if there is no such plan, or several.
    """
    results = Results(_checked(output))
    name = _full_name(results, plan) if plan else results.current_plan()
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
        raise JobError(f"{error.strerror}: set TMPDIR to a folder that can be written") from None


def _cache_folder() -> Path | None:
    """Return the folder of local copies; None if the environment names none and the user has no home."""
    named = os.environ.get("MEDSAM_JOB_CACHE")
    if named:
        return Path(named)
    try:
        return Path.home() / ".cache" / "medsam-job"
    except RuntimeError:
        return None


def _checked(output: str) -> str:
    expected = output_refusal(output)
    if expected:
        raise OutputError(f"output {storage.public(output)!r}: {expected}")
    return normal(output)
