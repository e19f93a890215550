"""The map of a task from one of its mask files: values, labels or colours as stored, or named segments as drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from job.datasets.drawing import Drawing, drawing
from job.datasets.labels import as_colours, as_labels, label_counts, one_channel
from job.datasets.layers import Layer, check_link, check_same_kind, faults_named, kind, read_layer
from job.datasets.pattern import Pattern
from job.datasets.source import ImageFile, Source
from job.errors import DataError
from job.storage import FileInfo, InputCache
from job.study.dataset import Dataset

Key = tuple[str, str, str]
"""A file's address, what is meant inside it, and the rule by which a picture is read as a map."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Held:
    """What was read of a source: its image, maps as stored and as labels, and drawings of segments by address."""

    image: Layer
    layers: dict[Key, Layer] = field(default_factory=dict)
    counted: dict[Key, Layer] = field(default_factory=dict)
    drawings: dict[str, Drawing] = field(default_factory=dict)


def read_map(
    dataset: Dataset, source: Source, task: str, file: ImageFile, cache: InputCache, max_image_px: int, held: Held
) -> Layer:
    """Read the values of a mask, from which a task's object is made: HxW, or XYZ.

    held: what was read of this source already. Tasks share files, and each file is read and counted once.
    """
    rule = dataset.tasks[task].rule
    with faults_named(file, "mask", dataset.unlabelled):
        check_same_kind(source, file)
        if isinstance(file, FileInfo) and kind(source, file) == "segments":
            return _drawn(dataset, source, task, file, cache, held)
        check_named(dataset, task)
        key = (file.address, getattr(file, "inside", ""), "" if source.is_volume else rule)
        if key not in held.layers:
            layer = read_layer(dataset, source, file, cache, max_image_px, labels=rule == "label")
            flat = as_colours if rule == "colour" else one_channel
            held.layers[key] = layer if layer.header and rule != "colour" else replace(layer, values=flat(layer.values))
        if rule != "label":
            return held.layers[key]
        if key not in held.counted:
            held.counted[key] = _counted(held.layers[key])
        return held.counted[key]


def _drawn(dataset: Dataset, source: Source, task: str, file: FileInfo, cache: InputCache, held: Held) -> Layer:
    """Return a task's map from a file of segments, on the image's grid."""
    if file.address not in held.drawings:
        check_link(file)
        head = held.image.head
        held.drawings[file.address] = drawing(cache.local_file(file), _address(dataset, source), head.size, head.header)
    drawn = held.drawings[file.address]
    values, doubts = drawn.map_of(dataset.tasks[task])
    return Layer(values, held.image.header, doubts, held.image.orientation, is_drawn=True, names=drawn.names)


def _address(dataset: Dataset, source: Source) -> str:
    """Return an image's address below the root, also where a pseudonym stands for it in the results."""
    if dataset.images is None or not isinstance(source.file, FileInfo):
        return source.image
    return Pattern(dataset.images).address_of(source.file)


def check_named(dataset: Dataset, task: str) -> None:
    """Raise DataError if a task names labels and the mask is a map of numbers."""
    if names := [label for label in dataset.tasks[task].labels if isinstance(label, str)]:
        detail = f"the mask is a map of numbers, `label: {names[0]}` is a name: state its value, or `label_names`"
        raise DataError("label without a value", detail)


def _counted(layer: Layer) -> Layer:
    """Return a map as labels, with their counts."""
    values, doubts = as_labels(layer.values, layer.header.label_step if layer.header else 0.0)
    return replace(layer, values=values, doubts=(*layer.doubts, *doubts), label_px=label_counts(values))
