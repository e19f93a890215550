"""What a preview says of a data set: facts, tables, and the captions of its images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from job.cli.wording import counted
from job.plan.preview import SeenDataset, SeenImage, SeenObject
from job.report.sheet import Histogram, Outlined, Picture, Rows, Section, Style, style
from job.study.dataset import Dataset
from job.study.intensity import joined_label
from job.study.prompts import is_mode

MOST_LABELS = 20
MOST_LINES = 200
"""How many lines of the ledger a page shows."""

DEFAULTS = {
    frozenset({"default"}): ", the default: the spec states no `intensity`",
    frozenset({"default", "spec"}): ", the default where the spec states no `intensity`",
}


def section(dataset: Dataset, seen: SeenDataset) -> Section:
    """Return one data set's section of the sheet."""
    styles = {task: style(index) for index, task in enumerate(dataset.tasks)}
    return Section(
        name=dataset.name,
        facts=tuple(_facts(dataset, seen)),
        tasks=tuple(styles.items()),
        objects=_objects(dataset, seen),
        pictures=tuple(_picture(dataset, image, styles) for image in seen.images),
        lines=_lines(seen),
    )


def _facts(dataset: Dataset, seen: SeenDataset) -> Iterator[tuple[str, str]]:
    yield "listed", seen.listed.removeprefix(f"{dataset.name}: ")
    yield "read", f"{seen.read} of {counted(seen.files, 'image file')}; {len(seen.images)} shown"
    yield "modality", dataset.modality
    rules = dict.fromkeys(image.intensity for image in seen.images)
    planned = joined_label([rule.label for rule in dataset.intensities])
    yield "intensity", (", ".join(rules) or planned) + _origin(dataset)
    if seen.images:
        for name, axis in (("height px", 0), ("width px", 1)):
            yield name, _spread([image.image_HWC.shape[axis] for image in seen.images])
        yield "spacing mm", "; ".join(dict.fromkeys(_spacing(image) for image in seen.images))
    yield from _labels(seen)


def _origin(dataset: Dataset) -> str:
    """Return what is said of intensity rules that the spec does not state; channels may have rules of their own."""
    return DEFAULTS.get(frozenset(dataset.intensity_origins), "")


def _labels(seen: SeenDataset) -> Iterator[tuple[str, str]]:
    """Yield the labels in the masks, and in how many files each is. Tasks that share masks share a line."""
    tasks: dict[tuple[tuple[int | str, int], ...], list[str]] = {}
    for task, counts in seen.labels.items():
        found = sorted(counts.items(), key=lambda item: (isinstance(item[0], str), item[0]))
        tasks.setdefault(tuple(found), []).append(task)
    for labels, names in tasks.items():
        if labels:
            more = ", …" if len(labels) > MOST_LABELS else ""
            text = ", ".join(f"{label} (in {number})" for label, number in labels[:MOST_LABELS])
            yield "labels" if len(names) == len(seen.labels) else f"labels of {', '.join(names)}", text + more


def _spread(numbers: Sequence[int]) -> str:
    """Return minimum, median and maximum, or the one number that all are."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} / {median(numbers):,.12g} / {high:,}"


def _spacing(image: SeenImage) -> str:
    return "unknown" if image.spacing is None else " × ".join(f"{mm:.4g}" for mm in image.spacing)


def _objects(dataset: Dataset, seen: SeenDataset) -> Rows:
    """Return a row for each task: how often its object occurs in the images shown, and how large it is."""
    rows = []
    for task in dataset.tasks:
        objects = [obj for image in seen.images for obj in image.objects if obj.task == task]
        sizes = (
            [_spread([obj.pixels for obj in objects]), _spread([obj.components for obj in objects])]
            if objects
            else ["–"] * 2
        )
        rows.append((task, f"{len(objects)} of {counted(len(seen.images), 'image')}", *sizes))
    return Rows(
        header=("task", "object in", "px: min / median / max", "components"), rows=tuple(rows) if seen.images else ()
    )


def _lines(seen: SeenDataset) -> Rows:
    """Return the lines of the ledger, errors first."""
    ordered = sorted(seen.lines, key=lambda line: ("error", "warning", "empty").index(line.kind))
    rows: list[tuple[str, ...]] = [
        (
            line.kind,
            line.image,
            "" if line.axis == "none" else str(line.slice),
            line.task or "",
            line.reason,
            line.detail,
        )
        for line in ordered[:MOST_LINES]
    ]
    if len(ordered) > MOST_LINES:
        rows.append(("…", f"and {len(ordered) - MOST_LINES} more", "", "", "", ""))
    return Rows(header=("kind", "image", "slice", "task", "reason", "detail"), rows=tuple(rows))


def _picture(dataset: Dataset, image: SeenImage, styles: dict[str, Style]) -> Picture:
    height, width = image.image_HWC.shape[:2]
    size = f"{width} × {height} px"
    return Picture(
        title=image.image if image.axis == "none" else f"{image.image}, {image.axis} slice {image.slice}",
        facts=(
            f"patient {image.patient}" if dataset.has_patients else "patient not stated",
            size if image.spacing is None else f"{size}; {_spacing(image)} mm (row, column, slice)",
        ),
        pixels_HWC=image.image_HWC,
        histograms=tuple(_histogram(image, colour) for colour in image.values),
        objects=tuple(_outlined(obj, styles[obj.task]) for obj in image.objects),
    )


def _histogram(image: SeenImage, colour: str) -> Histogram:
    """Return the values of one channel; colour: "" of an image without channels."""
    values = image.values[colour]
    lower, upper = values.levels
    return Histogram(
        counts=values.counts,
        start=values.start,
        stop=values.stop,
        levels=values.levels,
        facts=(
            f"{colour}{': ' if colour else ''}values {values.low:g} to {values.high:g}; {lower:g} becomes 0 "
            f"({values.below:.1%} below), {upper:g} becomes 255 ({values.above:.1%} above)"
        ),
    )


def _outlined(obj: SeenObject, of_task: Style) -> Outlined:
    boxes, points, clicks = [], [], []
    for prompt in obj.prompts:
        if prompt.is_box:
            x0, y0, x1, y1 = prompt.place
            boxes.append((x0, y0, x1, y1))
            continue
        x, y = prompt.place
        of_modes = {is_mode(name) for name in prompt.names}
        points += [(x, y)] if True in of_modes else []
        clicks += [(x, y)] if False in of_modes else []
    return Outlined(
        style=of_task,
        task=obj.task,
        truth_HW=obj.truth_HW,
        boxes=tuple(boxes),
        points=tuple(points),
        clicks=tuple(clicks),
        facts=f"{obj.pixels:,} px, {counted(obj.components, 'component')}",
        prompts=tuple(_named(prompt.names, prompt.place) for prompt in obj.prompts),
    )


def _named(names: Sequence[str], place: tuple[int, ...]) -> str:
    """Return a prompt in words. place: the corners of a box, or a point."""
    first = "first click" if len(place) == 2 else "first prompt"
    shown = ", ".join(name if is_mode(name) else f"{name} ({first})" for name in names)
    if len(place) == 2:
        return f"{shown}: point x {place[0]}, y {place[1]}"
    x0, y0, x1, y1 = place
    return f"{shown}: box x {x0}–{x1}, y {y0}–{y1}"
