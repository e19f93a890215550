"""Read the images of a few stored cases again: by the spec that the workers stored, or by one that the user names."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.cli.opening import open_cache, read_spec
from job.cli.wording import counted
from job.errors import JobError, UnsetVariablesError
from job.plan.file import Plan
from job.plan.images import PlannedImages
from job.results.store import Results
from job.results.summary import manifests
from job.study import LoadedSpec, loads

UNSET = "not-set-in-this-environment"
"""Stands for a variable without a value in a stored spec: the plan has the addresses that it was part of."""
NO_SPEC = "no worker has stored its manifest with the spec yet; give the spec by --spec"

Row = Mapping[str, Any]
Place = tuple[str, str, int]
"""Data set, image and slice."""


@dataclass(frozen=True)
class SeenAgain:
    """pixels: of each slice that could be read, uint8 HxWx3. reasons: why an image could not, by data set and image."""

    pixels: dict[Place, NDArray[np.uint8]] = field(default_factory=dict)
    reasons: dict[tuple[str, str], str] = field(default_factory=dict)


def see_again(objects: Iterable[Row], images: PlannedImages | str) -> SeenAgain:
    """Read the slices of objects again. images: what reads them, or why nothing can.

    An image that cannot be read, or has changed, has a reason.
    """
    if isinstance(images, str):
        return SeenAgain(reasons=dict.fromkeys(by_image(objects), images))
    seen = SeenAgain()
    for (dataset, image), of_image in by_image(objects).items():
        try:
            for number, pixels_HWC in images.read(dataset, image, {row["slice"] for row in of_image}).items():
                seen.pixels[dataset, image, number] = pixels_HWC
        except JobError as error:
            seen.reasons[dataset, image] = str(error)
    return seen


def images_or_reason(results: Results, plan: Plan, spec: str | None = None) -> PlannedImages | str:
    """Return what reads the images of a plan, or why nothing can. A spec that the user gives must be readable."""
    try:
        return open_images(results, plan, spec)
    except JobError as error:
        if spec is not None:
            raise
        return str(error)


def by_image(objects: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Return the objects of each image, by data set and image."""
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in objects:
        grouped.setdefault((row["dataset"], row["image"]), []).append(row)
    return grouped


def open_images(results: Results, plan: Plan, spec: str | None) -> PlannedImages:
    """Return what reads the images of a plan: by a spec at this address, or by the one that the workers stored.

    Raise JobError if it cannot be read.
    """
    loaded = _stored(results, plan) if spec is None else read_spec(spec)
    return PlannedImages(plan=plan, study=loaded.study, cache=open_cache(loaded))


def grouped_reasons(what: str, reasons: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """Yield a line for each reason why images could not be read. what: the consequence for them.

    Reasons that differ by the name of their image alone are one.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for (_, image), reason in reasons.items():
        alike.setdefault(reason.replace(image, ""), []).append((image, reason))
    for found in alike.values():
        image, reason = found[0]
        yield f"{what} for {counted(len(found), 'image')}, such as {image}: {reason}"


def _stored(results: Results, plan: Plan) -> LoadedSpec:
    """Return the spec that the workers stored."""
    specs = [run["spec"] for run in manifests(results.output) if run.get("plan") == plan.spec and run.get("spec")]
    if not specs:
        raise JobError(NO_SPEC)
    text = json.dumps(specs[-1], ensure_ascii=False)
    try:
        return loads(text, "the stored spec")
    except UnsetVariablesError as error:
        return loads(text, "the stored spec", {**os.environ, **dict.fromkeys(error.uses, UNSET)})
