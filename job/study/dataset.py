"""The `datasets` section of a spec: images and masks, tasks, slices and intensities."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from job.study.channels import Channels
from job.study.files import Join, Masks, Selection, Table
from job.study.intensity import Intensity
from job.study.strict import Address, Name, Strict
from job.study.task import Task


def _three_directions(value: str) -> str:
    pairs = ({"L", "R"}, {"A", "P"}, {"I", "S"})
    if value == "rows-columns" or (len(value) == 3 and all(len(pair & set(value)) == 1 for pair in pairs)):
        return value
    raise PydanticCustomError("axes", "expected rows-columns, or three letters such as LPS")


Directions = Annotated[str, AfterValidator(_three_directions)]


SeriesKey = Literal[
    "Modality",
    "SeriesDescription",
    "SeriesNumber",
    "SeriesInstanceUID",
    "ImageType",
    "EchoNumbers",
    "AcquisitionNumber",
    "TemporalPositionIdentifier",
]


class Every(Strict):
    """Every n-th slice, counted from slice 0."""

    every: Annotated[int, Field(ge=1)]


class Slices(Strict):
    """Which slices of a volume are evaluated, by anatomical axis."""

    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    keep: Literal["labelled", "all", "largest"] | Every = "labelled"
    """`labelled` and `all` both evaluate the slices with an object; `all` also lists the empty ones in the ledger.
    `largest`: the slice of each volume with the most object pixels."""
    indices: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(min_length=1)] | None = None
    """Slice numbers, instead of `keep`. Slice 0 is the inferior, posterior or right end."""

    @model_validator(mode="after")
    def _one_way(self) -> Slices:
        if self.indices is not None and "keep" in self.model_fields_set:
            raise PydanticCustomError("one_way", "expected either keep or indices, not both")
        return self


class Generated(Strict):
    """Images that the project generates, 256 x 256, with label maps. No file is needed.

    Labels: 1 organ (large, compact), 2 lesion (small, one or several), 3 vessel (long and thin), 4 wall (a ring around
    a cavity). Each image contains at least one of them. The slices of one patient are neighbouring cuts.
    """

    patients: Annotated[int, Field(ge=1, le=100_000)] = 12
    slices: Annotated[int, Field(ge=1, le=100)] = 1
    """Slices of each patient."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Each seed generates different patients."""


class Dataset(Strict):
    """Images with masks, and the tasks to evaluate on them."""

    name: Name
    modality: Name
    images: Address | None = None
    """Address with wildcards (`*`, `**`, `?`) or named fields (`{case}`, or `{n:int}` for digits), each within one
    folder or file name. Fields take as little as they can. A file that is another image's mask is no image."""
    generated: Generated | None = None
    """Generated images, instead of `images` and `masks`."""
    table: Table | None = None
    """A table that names the images to use. Its columns are fields of `masks`, `channels`, `patient` and selections,
    unless the image has a field of that name."""
    masks: Masks | None = None
    """Addresses of an image's masks, one or a list, from {stem}, {name}, {parent}, {image}, the named fields of
    `images`, the columns of `table` and wildcards. All files that exist are the image's masks."""
    join: Join = "union"
    """How several masks of an image make one object: its pixels are those of any mask, of more than half of them, or of
    `at_least: n`. `single`: an image with several masks is left out, without an error."""
    unlabelled: Literal["error", "skip", "empty"] = "error"
    """What a missing mask means: `error`; `empty`, no object; `skip`, an image without any mask is no image."""
    only: Selection | None = None
    """Which images to use: a pattern or a list of them, values of fields such as {n: 28-47}, or {list: ADDRESS}, a file
    with an image's stem, name or address on each line."""
    except_: Annotated[Selection | None, Field(alias="except")] = None
    """Which images to leave out, in the same ways."""
    published_as: Name | None = None
    """The name of this data set in the published tables, if it is not `name`. Several blocks may share one."""
    patient: str | None = None
    """Name of the patient, from the same fields: a cluster of the statistics. `{image}` states that each image is of
    another patient, as is assumed by default."""
    patients_of: Name | None = None
    """The data set that has the same patients, such as one that was built from its images: equal names of `patient` are
    one patient."""
    channel: Annotated[int, Field(ge=0)] | None = None
    """Of images that are NIfTI volumes with a fourth axis, which of its volumes to use, counted from 0."""
    channels: Channels | None = None
    """Three files as red, green and blue, such as three sequences of an MRI: {red: ADDRESS, green: ADDRESS, blue:
    ADDRESS}, from the same fields as `masks`. All three have one geometry."""
    series: Annotated[dict[SeriesKey, int | str], Field(min_length=1)] | None = None
    """Of folders of DICOM files: values of the header that choose one series, such as {Modality: PT, SeriesDescription:
    "*pre*"}. Wildcards match any text, capitals do not matter. A folder without such a file is no image."""
    pseudonymise: Annotated[str, Field(min_length=16)] | None = None
    """A secret, from a variable such as ${MEDSAM_SALT}. With it, hashes stand for the names of images and patients in
    all tables."""
    tasks: Annotated[dict[Name, Task], Field(min_length=1)]
    label_names: Address | None = None
    """A `dataset.json` as nnU-Net or the Medical Segmentation Decathlon distribute it: the names of the labels."""
    labels: Literal["values", "binary255"] = "values"
    """`binary255`: masks of 0 and 255, where only 255 counts, as label 1."""
    axes: Directions | Annotated[dict[Directions, Selection], Field(min_length=1)] | None = None
    """Of volumes, where the stored axes lead, in place of what their headers state: `rows-columns` for pictures whose
    first axis runs down and whose second runs to the right, or three letters such as LPS. {LPS: {n: 28-47}} states it
    for these images alone, which are selected as by `only`."""
    grid: Literal["header", "image"] = "header"
    """`image`: the voxels of masks are in the image's order, whatever their own headers state."""
    intensity: Intensity = Intensity(scale="max")
    slices: Slices = Slices()
    """For volumes only."""

    def named_labels(self, task: str) -> frozenset[int]:
        """The label values, or colours, that the tasks with the same masks as `task` name."""
        own = self.tasks[task]
        tasks = [
            other
            for other in self.tasks.values()
            if other.masks == own.masks and (other.colour is None) == (own.colour is None)
        ]
        return frozenset(label for other in tasks for label in other.label_values)

    @property
    def intensities(self) -> tuple[Intensity, ...]:
        """The rules of red, green and blue, or the one rule of an image without `channels`."""
        channels = self.channels.by_colour.values() if self.channels else ()
        return tuple(channel.intensity or self.intensity for channel in channels) or (self.intensity,)

    @property
    def intensity_origins(self) -> tuple[Literal["spec", "default"], ...]:
        """Where each of `intensities` comes from: whether the spec states it."""
        stated = "intensity" in self.model_fields_set
        own = (
            [channel.intensity is not None for channel in self.channels.by_colour.values()]
            if self.channels
            else [False]
        )
        return tuple("spec" if stated or is_own else "default" for is_own in own)

    @property
    def cohort(self) -> str:
        """The name of the data set whose patients these are: its own, or that of `patients_of`."""
        return self.patients_of or self.name

    @property
    def has_patients(self) -> bool:
        """Whether the patients are known. If not, each image or volume is a cluster of the statistics."""
        return self.patient is not None or self.generated is not None

    @model_validator(mode="after")
    def _one_origin(self) -> Dataset:
        if (self.images is None) == (self.generated is None):
            raise PydanticCustomError("one_origin", "expected exactly one of images, generated")
        return self
