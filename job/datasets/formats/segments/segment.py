"""Named segments of a file, which may overlap, and which of them a task's label means. Pure."""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from job.datasets.doubt import Doubt
from job.datasets.fit import check_bytes
from job.datasets.geometry import Grid
from job.errors import DataError, NoMaskError

ANY = "any"


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A segment by the file's own number and name. Several segments may have one name."""

    number: int
    name: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """A segment on the canonical grid of an image: its voxels XYZ (RAS+), and what is doubtful about them there."""

    mask_XYZ: NDArray[np.bool_]
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Segmentation:
    """The segments of a file.

    drawn: returns a segment on the canonical grid of an image; raises DataError if it does not fit there. frame: the
    identifier of the patient's coordinate system (DICOM's Frame of Reference UID), "" if the format has none. doubts:
    what is doubtful on any grid.
    """

    segments: tuple[Segment, ...]
    drawn: Callable[[Segment, Grid], Drawn]
    frame: str = ""
    doubts: tuple[Doubt, ...] = ()


def empty_mask(grid: Grid) -> NDArray[np.bool_]:
    """Return a mask XYZ without voxels; raise MemoryShortageError if it does not fit into memory."""
    check_bytes(math.prod(grid.shape_XYZ))
    return np.zeros(grid.shape_XYZ, bool)


def chosen(segments: Sequence[Segment], label: str | int | Sequence[str | int]) -> tuple[Segment, ...]:
    """Return the segments that a label means, each once, in their own order.

    label: a name, exactly or, if that is unique, in other case; a number; a list of both; or `any`. A name means all
    segments that have it. Raise NoMaskError, with the nearest name, if there is none.
    """
    if label == ANY:
        return tuple(segments)
    labels = [label] if isinstance(label, str | int) else label
    meant = {segment.number for each in labels for segment in _meant(segments, each)}
    return tuple(segment for segment in segments if segment.number in meant)


def check_frame(image: str, segments: str) -> None:
    """Raise DataError if image and segments name different coordinate systems. "" is unknown, and fits to any."""
    if image and segments and image != segments:
        detail = f"the image's Frame of Reference UID is {image}, that of the segments {segments}: not of one scan"
        raise DataError("another frame of reference", detail)


def _meant(segments: Sequence[Segment], label: str | int) -> list[Segment]:
    if isinstance(label, int):
        found = [segment for segment in segments if segment.number == label]
    else:
        found = [segment for segment in segments if segment.name == label]
        found = found or [segment for segment in segments if segment.name.casefold() == label.casefold()]
    if not found:
        raise NoMaskError("no such segment", f"expected {label!r}; {_hint(segments, label)}")
    if isinstance(label, str) and len(names := sorted({segment.name for segment in found})) > 1:
        raise DataError(
            "no such segment", f"{label!r} may mean {' or '.join(map(repr, names))}; write the name exactly"
        )
    return found


def _hint(segments: Sequence[Segment], label: str | int) -> str:
    """Return the nearest name, or all that there are."""
    names = {segment.name.casefold(): segment.name for segment in segments}
    if nearest := difflib.get_close_matches(str(label).casefold(), names, n=1):
        return f"did you mean {names[nearest[0]]!r}?"
    listed = ", ".join(f"{segment.number} {segment.name!r}" for segment in segments[:50])
    return f"the file has {listed or 'no segments'}"
