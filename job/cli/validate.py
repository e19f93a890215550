"""`validate`: check a study before a run."""

from __future__ import annotations

from collections.abc import Iterator

from job.cli.opening import open_cache, open_study
from job.cli.wording import counted
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, EXIT_MENDABLE, JobError
from job.plan import validate as checks
from job.report.console import print_lines
from job.results.probe import check_writable, leaving_no_folder
from job.statistics.reference import published
from job.study import Study


def validate(spec_address: str, output: str | None, *, full: bool) -> int:
    """Check a study and print the findings. Return the code with which a run would end: 2 or 3 if it finds anything."""
    spec, results = open_study(spec_address, output)
    report = checks.validate(spec, open_cache(spec), full=full)
    places = {("output",): results.output, ("execution", "embeddings"): spec.study.execution.embeddings}
    for path, address in places.items():
        try:
            if address is not None:
                with leaving_no_folder(address):
                    check_writable(address, path[-1])
        except JobError as error:
            report.faults.append(spec.source.fault(path, str(error)))
    print_lines(map(str, report.faults))
    print_lines(map(checks.described, report.findings))
    print_lines([*report.notes, *_not_published(spec.study), _verdict(report)])
    return EXIT_MENDABLE if report.faults else EXIT_ERROR_ROWS if report.left_out else EXIT_DONE


def _not_published(study: Study) -> Iterator[str]:
    """Yield a remark for each model that is to be compared with published means of none of the study's tasks."""
    named = {(data.published_as or data.name, task) for data in study.datasets for task in data.tasks}
    rows = published().to_pylist()
    for model in study.models:
        if model.published and not any(
            row["model"] == model.published and (row["dataset"], row["task"]) in named for row in rows
        ):
            yield (
                f"{model.name}: no task of this study has a published mean of {model.published}; name data sets "
                "(`name` or `published_as`) and tasks as `medsam-job reference` lists them"
            )


def _verdict(report: checks.Report) -> str:
    faults, left_out = len(report.faults), counted(report.left_out, "image")
    warnings = sum(line.kind == "warning" for line in report.findings)
    doubts = f", {counted(warnings, 'warning')}" if warnings else ""
    if faults:
        return f"the spec has {counted(faults, 'fault')}; {left_out} left out{doubts}"
    if report.left_out:
        return f"a run would end with 3: {left_out} left out{doubts}"
    return f"the spec is sound{doubts}"
