"""Where the images of a data set are looked for, and the masks and channels of each."""

from __future__ import annotations

from collections.abc import Sequence

from job.datasets.formats import parquet
from job.datasets.matches import fields_of
from job.datasets.pairing import channel_templates, mask_templates
from job.datasets.pattern import Pattern
from job.datasets.source import Source
from job.datasets.template import Template
from job.storage import FileInfo
from job.study.dataset import Dataset
from job.study.files import template_fields


def pattern_of(dataset: Dataset) -> Pattern:
    """Return the pattern of a data set's images."""
    if dataset.images is None:
        raise ValueError(f"{dataset.name}: neither images nor generated; a loaded spec has one")
    return Pattern(dataset.images)


def expected_masks(dataset: Dataset, source: Source, task: str) -> tuple[str, ...]:
    """Return the addresses where an image's masks of a task are looked for; wildcards and columns in them are kept."""
    return _expected(dataset, source, mask_templates(dataset, task))


def expected_channels(dataset: Dataset, source: Source) -> tuple[str, ...]:
    """Return the addresses where an image's channels are looked for, in the order of RGB."""
    return _expected(dataset, source, channel_templates(dataset))


def _expected(dataset: Dataset, source: Source, texts: Sequence[str]) -> tuple[str, ...]:
    pattern = pattern_of(dataset)
    if not isinstance(source.file, FileInfo):
        return ()
    address = pattern.address_of(source.file)
    is_row = parquet.is_cell(source.file) and dataset.pseudonymise is None
    image = source.image if is_row else address
    columns = {name: f"{{{name}}}" for text in texts for name in template_fields(text)}
    fields = columns | fields_of(image, source.file.address, pattern.fields(address) or {})
    return tuple(Template(text, pattern).filled(fields) for text in texts)
