"""`preview`: a look at a few images of each data set before a run, as a page and as pictures."""

from __future__ import annotations

from job import storage
from job.cli.destination import checked_destination
from job.cli.file_names import safe
from job.cli.opening import open_cache, open_study
from job.cli.preview_texts import section
from job.cli.wording import counted
from job.errors import EXIT_DONE, EXIT_ERROR_ROWS, SpecError
from job.plan.blocks import prompt_blocks
from job.plan.make import find_survey
from job.plan.preview import Looking, SeenDataset, see
from job.plan.validate import described
from job.report.console import print_lines
from job.report.preview_page import page, png
from job.report.preview_png import sheet_of
from job.report.sheet import Section, Sheet
from job.study import LoadedSpec

PAGE = "preview.html"


def preview(spec_address: str, folder: str, images: int, *, as_png: bool) -> int:
    """Write the page, and pictures too if asked, into a folder. Return 3 if any image that was read has an error."""
    spec, results = open_study(spec_address, None)
    folder = checked_destination(folder, results.output)
    sheet, seen = _look(spec, images)
    storage.write(storage.join(folder, PAGE), page(sheet).encode())
    written = [PAGE]
    if as_png:
        for index, each in enumerate(sheet.sections):
            written.append(_file_name(index, each))
            storage.write(storage.join(folder, written[-1]), png(sheet_of(each)))
    errors = [line for each in seen for line in each.lines if line.kind == "error"]
    print_lines(map(described, errors))
    print_lines(_summary(name, each) for name, each in zip((part.name for part in sheet.sections), seen, strict=True))
    print_lines(f"wrote {storage.public(storage.join(folder, name))}" for name in written)
    return EXIT_ERROR_ROWS if errors else EXIT_DONE


def _look(spec: LoadedSpec, images: int) -> tuple[Sheet, list[SeenDataset]]:
    """List all data sets, then read a few images of each. Raise SpecError with the faults of all listings."""
    blocks = tuple(dict.fromkeys(each.block for each in prompt_blocks(spec)))
    surveys, faults = [], []
    for index in range(len(spec.study.datasets)):
        try:
            surveys.append(find_survey(spec, index))
        except SpecError as error:
            faults.extend(error.faults)
    if faults:
        raise SpecError(faults)
    looking = Looking(
        cache=open_cache(spec),
        max_image_px=spec.study.execution.max_image_px,
        blocks=blocks,
        seed=spec.study.all_seeds[0],
    )
    pairs = zip(spec.study.datasets, surveys, strict=True)
    seen = [see(dataset, survey, images, looking) for dataset, survey in pairs]
    names = dict.fromkeys(
        name
        for block in blocks
        for name in (block.names if block.is_one_shot else (f"first click of {name}" for name in block.names))
    )
    sections = [section(dataset, each) for dataset, each in zip(spec.study.datasets, seen, strict=True)]
    return Sheet(study=spec.study.study, prompts=", ".join(names), sections=tuple(sections)), seen


def _file_name(index: int, part: Section) -> str:
    """Return the name of a data set's picture: safe in any file system, and one for each data set."""
    return f"{index + 1}-{safe(part.name)}.png"


def _summary(name: str, seen: SeenDataset) -> str:
    counts = [
        counted(sum(line.kind == kind for line in seen.lines), noun)
        for kind, noun in (("error", "error"), ("warning", "warning"))
    ]
    return f"{name}: {counted(len(seen.images), 'image')} shown; {', '.join(counts)}"
