"""One image file with the masks of its tasks, before any of it is opened."""

from __future__ import annotations

from dataclasses import dataclass

from job.storage import FileInfo


@dataclass(frozen=True, kw_only=True)
class Source:
    """One image file, 2D or a volume, with the mask file of each task.

    image: address below the data set's root, `/`-separated, the same wherever the data lie. masks: None where the mask
    that should be there is not. patient: what clusters the statistics. volume: the image's own address.
    """

    image: str
    file: FileInfo
    masks: dict[str, FileInfo | None]
    patient: str
    volume: str

    @property
    def is_volume(self) -> bool:
        """Whether the image is cut into slices; its name says so."""
        return is_volume(self.file)


def is_volume(file: FileInfo) -> bool:
    """Whether a file's name says NIfTI."""
    return file.address.lower().endswith((".nii", ".nii.gz"))
