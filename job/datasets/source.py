"""One image and the masks of its tasks, before any of them is opened or generated."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from job.datasets.generated import SIDE, VERSION
from job.storage import FileInfo

Kind = Literal["picture", "volume", "segments"]
"""What a file holds: a 2D image, a volume or stack of slices, or named segments."""


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """An image and its label map, drawn by the generator. Its version and arguments determine every pixel."""

    version: int = VERSION
    seed: int
    patient: int
    slice: int

    @property
    def name(self) -> str:
        """The name that the rows carry in place of an address below the data set's root."""
        return f"{self.patient_name}/slice{self.slice}"

    @property
    def patient_name(self) -> str:
        """The patient: a cluster of the statistics."""
        return f"patient{self.patient:03}"

    @property
    def address(self) -> str:
        """The name that error messages use in place of a file's address."""
        return f"generated:{self.seed}/{self.name}"

    @property
    def content_key(self) -> str:
        """The key of the content: it differs if any pixel may differ."""
        return f"generated-{self.version}-{self.seed}-{self.patient}-{self.slice}-{SIDE}"


ImageFile = FileInfo | GeneratedImage


@dataclass(frozen=True, kw_only=True)
class Source:
    """One image file, 2D or a volume, with the mask files of each task. A generated image is its own mask.

    image: address below the data set's root, `/`-separated, the same wherever the data are stored. kind: what the file
    holds, by its name or its first bytes. masks: none for a
    task whose mask file is missing. patient: a cluster of the statistics. volume: the image's own address. axes:
    directions of a volume's stored axes, such as LPS; None where the headers state them. label_values: by task, the
    values that its labels' names stand for, of tasks whose names `label_names` lists. channels: by colour, the files
    that are named as red, green and blue; empty without `channels` in the spec.
    """

    image: str
    file: ImageFile
    kind: Kind
    masks: dict[str, tuple[ImageFile, ...]]
    patient: str
    volume: str
    axes: str | None = None
    label_values: dict[str, tuple[int, ...]] = field(default_factory=dict)
    channels: dict[str, tuple[FileInfo, ...]] = field(default_factory=dict)

    @property
    def files(self) -> tuple[ImageFile | None, ...]:
        """The image, its channels, and the masks in the order of their tasks' names; None for what is missing."""
        channels = (file for files in self.channels.values() for file in files or (None,))
        masks = (file for task in sorted(self.masks) for file in self.masks[task] or (None,))
        return self.file, *channels, *masks

    @property
    def file_counts(self) -> list[int]:
        """The number of files of each channel, and of masks of each task, in the order of `files`."""
        return [*map(len, self.channels.values()), *(len(self.masks[task]) for task in sorted(self.masks))]

    def has_several(self, task: str) -> bool:
        """Return whether several masks are joined for a task."""
        return len(self.masks[task]) > 1

    @property
    def is_volume(self) -> bool:
        """Whether the image is a volume, or a stack of slices."""
        return self.kind == "volume"
