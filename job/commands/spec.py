"""`validate` and `schema`: what a spec says, and what specs may say."""

from __future__ import annotations

import json

from rich.console import Console

from job.commands.opening import open_cache, open_study
from job.errors import EXIT_DONE, EXIT_MENDABLE
from job.spec import json_schema
from job.validate import validate as check


def validate(spec_address: str, output: str | None, *, full: bool) -> int:
    """Check a study and give the exit code: 2 for what a run would refuse."""
    spec, results = open_study(spec_address, output)
    report = check(spec, results, open_cache(spec), full=full)
    out = Console(highlight=False)
    for fault in report.faults:
        out.print(str(fault), soft_wrap=True, markup=False)
    for line in report.findings:
        where = f"{line.dataset}: {line.image}" + (f", {line.task}" if line.task else "")
        out.print(f"{where}: {line.kind}: {line.reason}: {line.detail}", soft_wrap=True, markup=False)
    for note in report.notes:
        out.print(note, soft_wrap=True, markup=False)
    left_out = len({(line.dataset, line.image) for line in report.findings if line.kind == "error"})
    verdict = f"{len(report.faults)} faults of the spec" if report.faults else "the spec is sound"
    out.print(f"{verdict}; {left_out} files would be left out", soft_wrap=True)
    return EXIT_MENDABLE if report.faults else EXIT_DONE


def schema() -> int:
    """Print the JSON Schema of specs."""
    print(json.dumps(json_schema(), indent=2))
    return EXIT_DONE
