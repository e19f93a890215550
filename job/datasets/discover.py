"""List the images of a data set with their masks, patients and volumes. An image's first bytes are read
only where its name does not tell what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from job.datasets.directions import stated_axes
from job.datasets.expected import pattern_of
from job.datasets.formats.dicom.choice import of_series
from job.datasets.formats.kind import kinds_of
from job.datasets.label_names import named_values
from job.datasets.matches import matches
from job.datasets.pairing import (
    PairedImage,
    channel_templates,
    check_claims,
    check_images,
    claims_of,
    mask_templates,
    paired,
)
from job.datasets.pattern import Pattern
from job.datasets.pseudonyms import with_pseudonyms
from job.datasets.selection import Selector, names_of
from job.datasets.source import Source
from job.datasets.sources import broken_archives, generated_sources, source_of
from job.datasets.table import check_patients, listed
from job.datasets.template import Files, Template
from job.storage import FileInfo
from job.study.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the listing of a data set shows. All but the sources are addresses, sorted.

    masks_as_images: files that the pattern matches but that are masks of other images, so that they are no images.
    unlisted: images that no used row of `table` names. rows_not_found: names in its rows that no image has.
    deselected: images that `only` and `except` leave out. unlabelled: images left out by `unlabelled: skip`.
    other_endings: files that differ from the pattern in their ending alone, and are nobody's mask. unused_masks: files
    that the templates of masks list, and that no image names. dead_links: links that lead nowhere, in the place of
    folders. not_found: lines of list files that name no image.
    """

    sources: tuple[Source, ...]
    masks_as_images: tuple[str, ...] = ()
    unlisted: tuple[str, ...] = ()
    deselected: tuple[str, ...] = ()
    unlabelled: tuple[str, ...] = ()
    other_endings: tuple[str, ...] = ()
    unused_masks: tuple[str, ...] = ()
    dead_links: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()
    rows_not_found: tuple[str, ...] = ()


def discover(dataset: Dataset) -> tuple[Source, ...]:
    """Return the sources of a data set, sorted by image; none if the pattern matches nothing."""
    return survey(dataset).sources


def survey(dataset: Dataset) -> Survey:
    """Return the sources of a data set and what was left out.

    Raise PairingError if two images name the same mask, an image is another one's mask, `axes` is ambiguous, or
    `label_names` lacks a name.
    """
    if dataset.generated is not None:
        return Survey(sources=tuple(generated_sources(dataset, dataset.generated)))
    pattern = pattern_of(dataset)
    listing = pattern.listing() if dataset.series is None else of_series(pattern.listing(), dataset.series)
    table = listed(dataset, list(matches(dataset, pattern, listing)))
    templates = [Template(text, pattern, table.slashes) for text in _all_templates(dataset)]
    files = {template.text: template.files() for template in templates if not template.is_image}
    matched = [paired(address, file, fields, templates, files) for address, file, fields in table.images]
    claims = claims_of(matched, templates)
    check_images(dataset, matched, claims)
    candidates = [image for image in matched if image.file.address not in claims]
    chosen, not_found = _choose(dataset, candidates)
    check_claims(dataset, chosen, templates)
    check_patients(dataset, [(image.address, image.fields) for image in chosen])
    axes = stated_axes(dataset, chosen)
    named = named_values(dataset)
    kinds = dict(zip((image.address for image in chosen), kinds_of([image.file for image in chosen]), strict=True))
    sources = [source_of(dataset, image, kinds[image.address], axes[image.address], named) for image in chosen]
    skipped = {source.image for source in sources if dataset.unlabelled == "skip" and not any(source.masks.values())}
    others = [address for address in listing if pattern.differs_in_ending(address)]
    other_endings = [address for address in others if listing[address].address not in claims]
    unlisted = {address: file.address for address, file, _ in table.unlisted}
    images = {image.file.address for image in matched} | {listing[address].address for address in others}
    left = [source for source in sources if source.image not in skipped] + broken_archives(dataset, pattern, listing)
    salt = dataset.pseudonymise
    return Survey(
        sources=tuple(left if salt is None else sorted((with_pseudonyms(salt, source) for source in left), key=_image)),
        masks_as_images=tuple(
            sorted(
                [image.address for image in matched if image.file.address in claims]
                + [address for address, file in unlisted.items() if file in claims]
            )
        ),
        unlisted=tuple(address for address, file in unlisted.items() if file not in claims),
        deselected=tuple(sorted({image.address for image in candidates} - {image.address for image in chosen})),
        unlabelled=tuple(sorted(skipped)),
        other_endings=tuple(sorted(other_endings)),
        unused_masks=tuple(sorted(_unused(files.values(), images | {*unlisted.values()} | _named_masks(matched)))),
        dead_links=tuple(sorted(_dead_folders(pattern, listing))),
        not_found=not_found,
        rows_not_found=table.not_found,
    )


def _all_templates(dataset: Dataset) -> list[str]:
    """Return every template of masks and channels of a data set once."""
    masks = [text for task in dataset.tasks for text in mask_templates(dataset, task)]
    return list(dict.fromkeys([*masks, *channel_templates(dataset)]))


def _choose(dataset: Dataset, images: Sequence[PairedImage]) -> tuple[list[PairedImage], tuple[str, ...]]:
    """Return the images that `only` and `except` leave, and the lines of list files that name none of the images."""
    only = None if dataset.only is None else Selector(dataset.only)
    but = None if dataset.except_ is None else Selector(dataset.except_)
    chosen = [
        image
        for image in images
        if (only is None or only.matches(image.address, image.fields))
        and (but is None or not but.matches(image.address, image.fields))
    ]
    known = {name for image in images for name in names_of(image.address)}
    lines = [line for selector in (only, but) if selector for line in selector.listed]
    return chosen, tuple(sorted(set(lines) - known))


def _image(source: Source) -> str:
    return source.image


def _named_masks(images: Iterable[PairedImage]) -> set[str]:
    """Return the addresses of all masks and channels, those of one image and those that images share."""
    return {mask.address for image in images for masks in image.channels.values() for mask in masks}


def _unused(listings: Iterable[Files], used: set[str]) -> Iterator[str]:
    """Yield the listed masks that are not used, without hidden files."""
    for files in listings:
        for name, file in files.by_address.items():
            if (
                file.address not in used
                and not file.refusal
                and not any(part.startswith(".") for part in name.split("/"))
            ):
                yield name


def _dead_folders(pattern: Pattern, listing: Mapping[str, FileInfo]) -> Iterator[str]:
    """Yield the links that lead nowhere and stand where the pattern has a folder."""
    for address, file in listing.items():
        if file.dead_link and pattern.fields(address) is None and not pattern.differs_in_ending(address):
            yield address
