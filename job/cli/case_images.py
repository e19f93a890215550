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

    def remarks(self) -> Iterator[str]:
        """Yield a line for each reason."""
        images: dict[str, list[str]] = {}
        for (_, image), reason in self.reasons.items():
            images.setdefault(reason, []).append(image)
        for reason, names in images.items():
            yield f"masks alone for {counted(len(names), 'image')}, such as {names[0]}: {reason}"


def see_again(objects: Sequence[Mapping[str, Any]], results: Results, plan: Plan, spec: str | None) -> SeenAgain:
    """Read the slices of objects again, each image once. One that cannot be read, or has changed, has a reason.

    spec: the address of a spec to read them by, in place of the one that the workers stored; one that cannot be read
    is an error.
    """
    seen, slices = SeenAgain(), dict[tuple[str, str], set[int]]()
    for row in objects:
        slices.setdefault((row["dataset"], row["image"]), set()).add(row["slice"])
    given = None if spec is None else read_spec(spec)
    try:
        images = _images(plan, given or _stored(results, plan))
    except JobError as error:
        seen.reasons.update(dict.fromkeys(slices, str(error)))
        return seen
    for (dataset, image), numbers in slices.items():
        try:
            for number, pixels_HWC in images.read(dataset, image, numbers).items():
                seen.pixels[dataset, image, number] = pixels_HWC
        except JobError as error:
            seen.reasons[dataset, image] = str(error)
    return seen


def _images(plan: Plan, spec: LoadedSpec) -> PlannedImages:
    return PlannedImages(plan=plan, study=spec.study, cache=open_cache(spec))


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
