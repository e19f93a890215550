"""Read the images of a few stored cases again: by the spec that the workers stored, or by one that the user names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.cli.opening import open_cache, read_spec
from job.cli.wording import counted
from job.errors import JobError, UnsetVariablesError
from job.plan.file import Plan
from job.plan.images import PlannedImages
from job.results.specs import stored_spec
from job.results.store import Results
from job.study import LoadedSpec, loads

UNSET = "not-set-in-this-environment"
"""Stands for a variable without a value in a stored spec: the plan has the addresses that it was part of."""
NO_SPEC = "no worker has stored its manifest with the spec yet; give the spec by --spec"

Place = tuple[str, str, int]
"""Data set, image and slice."""


@dataclass(frozen=True)
class SeenAgain:
    """pixels: of each slice that could be read, uint8 HxWx3. reasons: why an image could not, by data set and image."""

    pixels: dict[Place, NDArray[np.uint8]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)


def see_again(objects: Sequence[Mapping[str, Any]], results: Results, plan: Plan, spec: str | None) -> SeenAgain:
    """Read the slices of objects again, each image once. One that cannot be read, or has changed, has a reason.

    spec: as in `open_images`; one that the user gives must be readable.
    """
    seen, slices = SeenAgain(), dict[tuple[str, str], set[int]]()
    for row in objects:
        slices.setdefault((row["dataset"], row["image"]), set()).add(row["slice"])
    try:
        images = open_images(results, plan, spec)
    except JobError as error:
        if spec is not None:
            raise
        seen.reasons.update(dict.fromkeys(slices, str(error)))
        return seen
    for (dataset, image), numbers in slices.items():
        try:
            for number, pixels_HWC in images.read(dataset, image, numbers).items():
                seen.pixels[dataset, image, number] = pixels_HWC
        except JobError as error:
            seen.reasons[dataset, image] = str(error)
    return seen


def open_images(results: Results, plan: Plan, spec: str | None) -> PlannedImages:
    """Return what reads the images of a plan: by a spec at this address, or by the one that the workers stored.

    Raise JobError if it cannot be read.
    """
    loaded = _stored(results, plan) if spec is None else read_spec(spec)
    return PlannedImages(plan=plan, study=loaded.study, cache=open_cache(loaded))


def grouped_reasons(what: str, reasons: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield a line for each reason why images could not be read. what: the consequence for them."""
    images: dict[str, list[str]] = {}
    for (_, image), reason in reasons.items():
        images.setdefault(reason, []).append(image)
    for reason, names in images.items():
        yield f"{what} for {counted(len(names), 'image')}, such as {names[0]}: {reason}"


def _stored(results: Results, plan: Plan) -> LoadedSpec:
    """Return the spec that the workers stored."""
    raw = stored_spec(results.output, plan.spec)
    if raw is None:
        raise JobError(NO_SPEC)
    text = json.dumps(raw, ensure_ascii=False)
    try:
        return loads(text, "the stored spec")
    except UnsetVariablesError as error:
        return loads(text, "the stored spec", {**os.environ, **dict.fromkeys(error.uses, UNSET)})
