"""`validate`: check a study before a run."""

from __future__ import annotations

from rich.console import Console

from job.cli.opening import open_cache, open_study
from job.cli.wording import counted
from job.errors import EXIT_DONE, EXIT_MENDABLE, JobError
from job.plan import validate as checks


def validate(spec_address: str, output: str | None, *, full: bool) -> int:
    """Check a study and print the findings. Return 2 if a run would refuse the study."""
    spec, results = open_study(spec_address, output)
    report = checks.validate(spec, open_cache(spec), full=full)
    try:
        results.check_writable()
    except JobError as error:
        report.faults.append(spec.source.fault(("output",), str(error)))
    out = Console(highlight=False)
    for fault in report.faults:
        out.print(str(fault), soft_wrap=True, markup=False)
    for line in report.findings:
        where = f"{line.dataset}: {line.image}" + (f", {line.task}" if line.task else "")
        out.print(f"{where}: {line.kind}: {line.reason}: {line.detail}", soft_wrap=True, markup=False)
    for note in report.notes:
        out.print(note, soft_wrap=True, markup=False)
    faults = len(report.faults)
    verdict = f"the spec has {counted(faults, 'fault')}" if faults else "the spec is sound"
    out.print(f"{verdict}; {counted(report.left_out, 'file')} would be left out", soft_wrap=True)
    return EXIT_MENDABLE if report.faults else EXIT_DONE
