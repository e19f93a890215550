"""What commands begin with: a spec and its output, or an output alone."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from job import storage
from job.errors import OutputError, SpecError
from job.plan import file as plan_file
from job.plan.file import Plan
from job.results.store import Results
from job.spec import LoadedSpec, load
from job.spec.addresses import output_refusal
from job.storage import InputCache

BYTES_PER_GB = 10**9
MISTYPABLE = ("run", "validate", "plan", "status", "verify", "sql", "reference", "schema")


def open_study(spec_address: str, output: str | None) -> tuple[LoadedSpec, Results]:
    """Load a spec, and name where its results go."""
    try:
        spec = load(spec_address)
    except SpecError as error:
        raise _with_command_hint(spec_address, error) from None
    return spec, Results(_checked(output) if output else spec.study.output_address)


def open_cache(spec: LoadedSpec) -> InputCache:
    """Give the folder of local copies of remote inputs."""
    folder = Path(os.environ.get("MEDSAM_JOB_CACHE") or Path.home() / ".cache" / "medsam-job")
    return InputCache(folder, int(spec.study.execution.cache_gb * BYTES_PER_GB))


def open_results(output: str) -> tuple[Results, Plan]:
    """Find the plan that the latest run worked on."""
    results = Results(_checked(output))
    stored = plan_file.read(output, results.latest_plan())
    if stored is None:
        raise OutputError(f"{storage.public(output)}: its plan is missing; run the study again")
    return results, stored


def _checked(output: str) -> str:
    expected = output_refusal(output)
    if expected:
        raise OutputError(f"{storage.public(output)}: {expected}")
    return output


def _with_command_hint(spec_address: str, error: SpecError) -> SpecError:
    """A word that is no file may be a mistyped command."""
    near = difflib.get_close_matches(spec_address, MISTYPABLE, n=1)
    if Path(spec_address).exists() or not near:
        return error
    hint = f"did you mean the command {near[0]!r}?"
    return SpecError([fault.with_hint(hint) for fault in error.faults])
