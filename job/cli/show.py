"""`show`: the cases that a query names, as pictures or as volumes of masks."""

from __future__ import annotations

from collections.abc import Iterator

from job import storage
from job.cli.case_images import SeenAgain, grouped_reasons, images_or_reason, open_images, see_again
from job.cli.destination import checked_destination
from job.cli.file_names import safe, without_ending
from job.cli.opening import open_results
from job.cli.show_texts import case_of
from job.cli.show_volumes import write_masks
from job.cli.wording import counted
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, JobError
from job.plan.images import PlannedImages
from job.report.case_png import contact_sheet
from job.report.cases import Case
from job.report.console import print_lines
from job.report.preview_page import png
from job.statistics.cases import Cases, cases

MOST = {"png": 24, "nifti": None}
"""How many cases are shown unless told otherwise: a volume is of little use without most of its slices."""
DESTINATIONS = {"png": "cases.png", "nifti": "cases"}
SHEET = ".png"


def show(
    output: str, query: str, form: str, to: str | None, limit: int | None, spec: str | None, plan_name: str | None
) -> int:
    """Write the cases that a query names. Return 3 if the masks of an image could not be written."""
    results, plan = open_results(output, plan_name)
    to = checked_destination(to or DESTINATIONS[form], results.output)
    found = cases(results, plan, query, limit or MOST[form])
    if not found.found:
        raise JobError("query: no case of these results fulfils it")
    if form == "nifti":
        return _write_masks(found, open_images(results, plan, spec), to)
    seen = see_again(found.objects.to_pylist(), images_or_reason(results, plan, spec))
    _draw(found, seen, to, f"{storage.public(output)}: {query.strip()}")
    return EXIT_DONE


def _write_masks(found: Cases, images: PlannedImages, folder: str) -> int:
    if folder.endswith(SHEET):
        raise JobError(f"--output {storage.public(folder)}: expected a folder, for a file of each mask")
    written = write_masks(found, images, folder)
    print_lines(f"wrote {storage.public(address)}" for address in written.addresses)
    print_lines(grouped_reasons("no volume", written.reasons))
    is_volume = any(axis != "none" for axis in found.objects["axis"].to_pylist())
    print_lines([_counts(found), *(["in the volumes, slices that are not among these hold 0"] if is_volume else [])])
    return EXIT_ERROR_ROWS if written.reasons else EXIT_DONE


def _draw(found: Cases, seen: SeenAgain, to: str, head: str) -> None:
    """Draw the cases: on one sheet, or, into a folder, in one file each."""
    drawn, counts = list(_drawn(found, seen)), _counts(found)
    if to.endswith(SHEET):
        sheets = {to: contact_sheet([head, counts], drawn)}
    else:
        sheets = {
            storage.join(to, name): contact_sheet([], [case])
            for name, case in zip(_file_names(found), drawn, strict=True)
        }
    for address, sheet in sheets.items():
        storage.write(address, png(sheet))
    print_lines([*grouped_reasons("masks alone", seen.reasons), counts])
    print_lines(f"wrote {storage.public(address)}" for address in sheets)


def _drawn(found: Cases, seen: SeenAgain) -> Iterator[Case]:
    predictions = found.predictions.to_pylist()
    for obj in found.objects.to_pylist():
        rows = [row for row in predictions if row["place"] == obj["place"]]
        yield case_of(obj, rows, seen.pixels.get((obj["dataset"], obj["image"], obj["slice"])))


def _counts(found: Cases) -> str:
    """Return how many cases are shown, and how to see those that are left out."""
    shown = found.objects.num_rows
    if shown == found.found:
        return counted(shown, "case")
    return f"{shown} of {counted(found.found, 'case')}; {found.found - shown} left out: --limit {found.found} shows all"


def _file_names(found: Cases) -> Iterator[str]:
    """Yield the name of each case's file, which begins with its number in the order of the query."""
    digits = len(str(found.objects.num_rows))
    for obj in found.objects.to_pylist():
        at = "" if obj["axis"] == "none" else f"-{obj['axis']}-{obj['slice']}"
        name = f"{obj['dataset']}-{obj['task']}-{without_ending(obj['image'])}{at}"
        yield f"{obj['place']:0{digits}}-{safe(name)}.png"
