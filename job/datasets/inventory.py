"""What the listing of a data set shows, in one line: how much there is, and what is not used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from job.datasets.discover import Survey
from job.study.dataset import Dataset

NAMED = 3
"""How many names of a group are shown."""


@dataclass(frozen=True, kw_only=True)
class Inventory:
    """Counts and first names of one data set.

    patients: None if the spec names none, so that each image is a cluster. without_mask: images that lack the mask of
    at least one task. remarks: files that are not used though they may be meant to be, each group with its number and
    first names.
    """

    dataset: str
    images: int
    patients: int | None
    first_patients: tuple[str, ...]
    without_mask: int
    remarks: tuple[str, ...]

    def __str__(self) -> str:
        parts = [f"{self.dataset}: {_counted(self.images, 'image')}"]
        if self.patients is None:
            parts.append("each its own patient")
        else:
            parts.append(_counted(self.patients, "patient") + _names(self.first_patients, self.patients))
        if self.without_mask:
            parts.append(f"{self.without_mask} without a mask")
        return "; ".join([", ".join(parts), *self.remarks])


def inventory(dataset: Dataset, survey: Survey) -> Inventory:
    """Return the inventory of a data set from the survey of its listing. No file is opened."""
    patients = list(dict.fromkeys(source.patient for source in survey.sources))
    return Inventory(
        dataset=dataset.name,
        images=len(survey.sources),
        patients=len(patients) if dataset.has_patients else None,
        first_patients=tuple(patients[:NAMED]) if dataset.has_patients else (),
        without_mask=sum(not all(source.masks.values()) for source in survey.sources),
        remarks=tuple(_remarks(survey)),
    )


def _remarks(survey: Survey) -> Iterator[str]:
    """Yield a remark for each group of files that is not used."""
    dead_images = [source.image for source in survey.sources if getattr(source.file, "dead_link", "")]
    for names, one, several in (
        (
            survey.masks_as_images,
            "file that `images` matches is another image's mask",
            "files that `images` matches are masks of other images",
        ),
        (
            survey.unlisted,
            "image left out that no row of `table` names",
            "images left out that no row of `table` names",
        ),
        (
            survey.deselected,
            "image left out by `only` or `except`",
            "images left out by `only` or `except`",
        ),
        (survey.unlabelled, "image without a mask left out", "images without a mask left out"),
        (
            survey.other_endings,
            "image file not matched, for its ending alone",
            "image files not matched, for their endings alone",
        ),
        (survey.unused_masks, "mask that no image uses", "masks that no image uses"),
        ((*dead_images, *survey.dead_links), "link that leads nowhere", "links that lead nowhere"),
        (survey.not_found, "line of a list file that names no image", "lines of list files that name no image"),
        (survey.rows_not_found, "name in `table` that no image has", "names in `table` that no image has"),
    ):
        if names:
            yield f"{len(names)} {one if len(names) == 1 else several}{_names(names, len(names))}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _names(names: Sequence[str], number: int) -> str:
    """Return the first names in brackets; `number`: how many there are."""
    return f" ({', '.join(names[:NAMED])}{', …' if number > NAMED else ''})" if names else ""
