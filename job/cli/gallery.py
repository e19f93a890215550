"""The gallery of a study's page: which cases, their images read again, and the command that shows each."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from job import storage
from job.cli.case_images import Row, by_image, grouped_reasons, images_or_reason, see_again
from job.cli.show_texts import boxes_of, clicks_of, object_facts, place_of
from job.plan.file import Plan
from job.report.gallery import Exhibit, Gallery, Run, Step, exhibited
from job.results import run_lengths
from job.results.store import Results
from job.results.tables import OBJECT_KEY
from job.statistics.cases import trajectories
from job.statistics.summarise import Summary
from job.study.prompts import ONE_SHOT

KEY = [field.name for field in OBJECT_KEY]
RUN = ("prompt", "protocol", "model", "mask_choice")
NOT_WANTED = "Images are left out by the spec (`report: {images: false}`): masks alone."
SAFE_IN_QUOTES = re.compile(r'[^"$`\\!\n]*')
"""What a shell takes as it is between double quotes."""


def gallery(results: Results, plan: Plan, summary: Summary, *, images: bool) -> Gallery:
    """Return the gallery of a summary. images: whether images are read; otherwise masks alone are shown."""
    chosen = summary.marts["gallery_objects"]
    if not chosen.num_rows:
        return Gallery()
    found = trajectories(results, plan, chosen)
    facts = {_key(row): row for row in chosen.to_pylist()}
    steps = {place: list(rows) for place, rows in groupby(found.predictions.to_pylist(), itemgetter("place"))}
    source = images_or_reason(results, plan) if images else ""
    made: dict[int, dict[str, Any]] = {}
    reasons: dict[tuple[str, str], str] = {}
    for image, objects in by_image(found.objects.to_pylist()).items():  # so that the pixels of one image are held
        seen = see_again(objects, source)
        reasons |= seen.reasons
        for obj in objects:
            exhibit = _exhibit(obj, facts[_key(obj)], steps[obj["place"]], seen.pixels.get((*image, obj["slice"])))
            query = command(storage.public(results.output), obj)
            made[obj["place"]] = exhibited(replace(exhibit, query=query), 1 / chosen.num_rows)
    remarks = list(grouped_reasons("Masks alone", reasons)) if images else [NOT_WANTED]
    return Gallery(cases=[made[place] for place in sorted(made)], remarks=remarks)


def command(output: str, obj: Row) -> str:
    """Return the command that shows one object, for a shell."""
    values = {name: obj[name] for name in KEY}
    condition = " AND ".join(f"{name} = {_literal(value)}" for name, value in values.items())
    return f"medsam-job show {_quoted(output)} {_quoted(f'WHERE {condition}')}"


def _literal(value: str | int) -> str:
    """Return a value as SQL writes it."""
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


def _quoted(text: str) -> str:
    """Return one word of a shell: between double quotes where they do, because the text has single ones."""
    is_plain = shlex.quote(text) == text
    return text if is_plain else f'"{text}"' if SAFE_IN_QUOTES.fullmatch(text) else shlex.quote(text)


def _key(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in KEY)


def _exhibit(obj: Row, choice: Row, steps: Sequence[Row], pixels_HWC: Any) -> Exhibit:
    return Exhibit(
        task=f"{obj['dataset']}: {obj['task']}",
        kind=choice["kind"],
        title=place_of(obj),
        facts="; ".join(
            [
                *object_facts(obj),
                f"mean IoU {choice['mean_iou']:.4f}, rank {choice['rank']} of {choice['objects']} from the worst",
            ]
        ),
        truth_HW=run_lengths.decode(obj["truth"], obj["height"], obj["width"]),
        pixels_HWC=pixels_HWC,
        runs=tuple(_runs(obj, steps)),
    )


def _runs(obj: Row, steps: Sequence[Row]) -> Iterator[Run]:
    for (prompt, protocol, model, choice), rows in groupby(steps, itemgetter(*RUN)):
        way = prompt if protocol == ONE_SHOT else f"clicks by {protocol}"
        of_run = list(rows)
        shown = tuple(_step(obj, row) for row in of_run)
        yield Run(way=way, model=model, mask_choice=choice, first_step=of_run[0]["step"], steps=shown)


def _step(obj: Row, row: Row) -> Step:
    return Step(
        iou=row["iou"],
        status=row["status"],
        mask_HW=run_lengths.decode(row["mask"], obj["height"], obj["width"]),
        clicks=clicks_of(row),
        boxes=boxes_of(row),
    )
