"""Where the stored axes of volumes lead, for the images of which the spec states it."""

from __future__ import annotations

from collections.abc import Sequence

from job.datasets.pairing import PairedImage
from job.datasets.selection import Selector
from job.errors import PairingError
from job.study.dataset import Dataset

ROWS_COLUMNS = "PLS"
"""Rows run from anterior to posterior and columns from right to left, as axial slices are shown: a picture stays as it
is stored."""


def stated_axes(dataset: Dataset, images: Sequence[PairedImage]) -> dict[str, str | None]:
    """Return the directions that `axes` states for each image, such as LPS, by its address; None where it states none.

    Raise PairingError if it names an image twice, or no image by one of its selections.
    """
    if not isinstance(dataset.axes, dict):
        return dict.fromkeys((image.address for image in images), _letters(dataset.axes))
    stated: dict[str, str | None] = dict.fromkeys(image.address for image in images)
    for directions, selection in dataset.axes.items():
        selector = Selector(selection)
        selected = [image.address for image in images if selector.matches(image.address, image.fields)]
        if not selected:
            raise PairingError(("axes", directions), "no image is selected")
        if twice := next((image for image in selected if stated[image]), None):
            raise PairingError(("axes", directions), f"other axes are stated for {twice} too")
        stated |= dict.fromkeys(selected, _letters(directions))
    return stated


def _letters(directions: str | None) -> str | None:
    return ROWS_COLUMNS if directions == "rows-columns" else directions
