"""`show`: the cases that a query names, as pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from job import storage
from job.cli.case_images import SeenAgain, see_again
from job.cli.destination import checked_destination
from job.cli.opening import open_results
from job.cli.show_texts import case_of
from job.cli.wording import counted
from job.errors import EXIT_DONE, JobError
from job.report.case_png import contact_sheet
from job.report.cases import Case
from job.report.console import print_lines
from job.report.preview_page import png
from job.statistics.cases import Cases, cases

PICTURES = 24
"""How many cases are drawn unless told otherwise."""
SHEET = ".png"


def show(output: str, query: str, to: str, limit: int | None, spec: str | None, plan_name: str | None) -> int:
    """Draw the cases that a query names: on one sheet, or, into a folder, in one file each."""
    results, plan = open_results(output, plan_name)
    to = checked_destination(to, results.output)
    found = cases(results, plan, query, limit or PICTURES)
    if not found.found:
        raise JobError("query: no case of these results fulfils it")
    seen = see_again(found.objects.to_pylist(), results, plan, spec)
    drawn = list(_drawn(found, seen))
    counts = _counts(len(drawn), found.found)
    if to.endswith(SHEET):
        sheets = {to: contact_sheet([f"{storage.public(output)}: {query.strip()}", counts], drawn)}
    else:
        sheets = {storage.join(to, name): contact_sheet([], [case]) for name, case in _named(drawn)}
    for address, sheet in sheets.items():
        storage.write(address, png(sheet))
    print_lines([*seen.remarks(), counts, *(f"wrote {storage.public(address)}" for address in sheets)])
    return EXIT_DONE


def _drawn(found: Cases, seen: SeenAgain) -> Iterator[Case]:
    predictions = found.predictions.to_pylist()
    for obj in found.objects.to_pylist():
        image = obj["dataset"], obj["image"]
        rows = [row for row in predictions if row["place"] == obj["place"]]
        yield case_of(obj, rows, seen.pixels.get((*image, obj["slice"])), seen.reasons.get(image))


def _counts(shown: int, found: int) -> str:
    """Return how many cases are shown, and how to see those that are left out."""
    if shown == found:
        return counted(found, "case")
    return f"{shown} of {counted(found, 'case')}; {found - shown} left out: --limit {found} shows all"


def _named(drawn: Sequence[Case]) -> Iterator[tuple[str, Case]]:
    """Yield each case with the name of its file: safe in any file system, in the order of the query."""
    for number, case in enumerate(drawn, start=1):
        yield f"{number:0{len(str(len(drawn)))}}-{re.sub(r'[^A-Za-z0-9._-]+', '-', case.title)[:80]}.png", case
