"""`figure`: figures of the report as SVG and PDF."""

from __future__ import annotations

from collections.abc import Sequence

from job import storage
from job.cli.opening import open_results
from job.cli.report import facts_of
from job.errors import EXIT_DONE, JobError
from job.report.console import print_lines
from job.report.figure_files import draw, listed
from job.report.page.sections import figures
from job.results.summary import place
from job.statistics.stored import stored_summary

FOLDER = "figures"
ALL = "all"


def figure(output: str, name: str | None, choices: Sequence[str], columns: int, plan_name: str | None) -> int:
    """Write one figure, or all, into the folder `figures`; without a name, list them. choices: COLUMN=VALUE."""
    results, plan = open_results(output, plan_name)
    known = {figure.name: figure for figure in figures(facts_of(results, plan, stored_summary(results, plan)))}
    if name is None:
        print_lines(listed(list(known.values())))
        return EXIT_DONE
    if name != ALL and name not in known:
        raise JobError(
            f"{name}: no such figure; expected {', '.join(known) or 'none, for nothing is stored'}, or {ALL}"
        )
    if name == ALL and choices:
        raise JobError("--choose: expected with the name of one figure")
    wanted = dict(_pair(choice) for choice in choices)
    folder = storage.join(place(results.output, plan.spec), FOLDER)
    for each in known if name == ALL else [name]:
        drawn = draw(known[each], wanted, columns)
        for ending, content in (("svg", drawn.svg.encode()), ("pdf", drawn.pdf)):
            address = storage.join(folder, f"{drawn.name}.{ending}")
            storage.write(address, content)
            print_lines([f"wrote {storage.public(address)}"])
    return EXIT_DONE


def _pair(choice: str) -> tuple[str, str]:
    column, equals, value = choice.partition("=")
    if not equals:
        raise JobError(f"--choose {choice}: expected COLUMN=VALUE, such as 'prompt=9 clicks'")
    return column.strip(), value.strip()
