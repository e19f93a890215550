"""One image with the masks of its tasks, before any of it is opened or generated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeGuard

from job.datasets.generated import SIDE, VERSION
from job.storage import FileInfo


@dataclass(frozen=True, kw_only=True)
class GeneratedImage:
    """An image and its label map that come from the generator: its version and arguments stand for their content."""

    version: int = VERSION
    seed: int
    patient: int
    slice: int

    @property
    def name(self) -> str:
        """What stands for the address below the data set's root."""
        return f"{self.patient_name}/slice{self.slice}"

    @property
    def patient_name(self) -> str:
        """What clusters the statistics."""
        return f"patient{self.patient:03}"

    @property
    def address(self) -> str:
        """What a fault names."""
        return f"generated:{self.seed}/{self.name}"

    @property
    def content_key(self) -> str:
        """What names the content."""
        return f"generated-{self.version}-{self.seed}-{self.patient}-{self.slice}-{SIDE}"


ImageFile = FileInfo | GeneratedImage


@dataclass(frozen=True, kw_only=True)
class Source:
    """One image file, 2D or a volume, with the mask file of each task; of a generated image both are the same.

    image: address below the data set's root, `/`-separated, the same wherever the data lie. masks: None where the mask
    that should be there is not. patient: what clusters the statistics. volume: the image's own address.
    """

    image: str
    file: ImageFile
    masks: dict[str, ImageFile | None]
    patient: str
    volume: str

    @property
    def files(self) -> tuple[ImageFile | None, ...]:
        """The image, then the masks by the names of their tasks."""
        return self.file, *(self.masks[task] for task in sorted(self.masks))

    @property
    def is_volume(self) -> bool:
        """Whether the image is cut into slices; its name says so."""
        return is_volume(self.file)


def is_volume(file: ImageFile) -> TypeGuard[FileInfo]:
    """Whether a file's name says NIfTI."""
    return file.address.lower().endswith((".nii", ".nii.gz"))
