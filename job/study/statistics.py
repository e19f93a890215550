"""The `statistics` section of a spec: what is compared, where it is tested, and how sure an interval is."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from job.study.prompts import MaskChoice, is_mode
from job.study.row_names import PromptName, ProtocolName
from job.study.strict import Fraction, Name, Seed, Strict

Metric = Literal["nsd", "hd95", "assd", "boundary_iou"]
Step = Literal["first", "last"] | Annotated[int, Field(ge=0, le=100)]


class Compare(Strict):
    """The two models that the study compares, wherever both have a prompt, protocol, mask choice and step."""

    model: str
    baseline: str

    @model_validator(mode="after")
    def _two_models(self) -> Compare:
        if self.model == self.baseline:
            raise PydanticCustomError("equal", "expected two different models")
        return self


class Selector(Strict):
    """One side of a contrast. What both sides leave out is equal on both, and the contrast has a row for each value."""

    model: str | None = None
    prompt: PromptName | None = None
    protocol: ProtocolName | None = None
    mask_choice: MaskChoice | None = None
    """Left out on both sides: the same choice, or the only mask of a model that has one."""
    step: Step | None = None
    """The click: a number, `first` or `last`; 0 is the box that a protocol begins with."""
    seed: Seed | None = None

    @field_validator("protocol", "step")  # of the fields, not of the model, so that a fault has the place of the key
    @classmethod
    def _of_clicks(cls, value: object, others: ValidationInfo) -> object:
        mode = others.data.get("prompt")
        if value is not None and mode is not None and is_mode(mode):
            raise PydanticCustomError("of_clicks", f"expected only with clicks; {mode} has no {others.field_name}")
        return value


class Contrast(Strict):
    """A paired difference of two selections: `of` minus `minus`, on the objects that both have."""

    name: Name
    of: Selector
    minus: Selector

    @model_validator(mode="after")
    def _two_sides(self) -> Contrast:
        if self.of == self.minus:
            raise PydanticCustomError("equal", "expected two different sides")
        one_shot = any(side.prompt is not None and is_mode(side.prompt) for side in (self.of, self.minus))
        for key in Selector.model_fields:
            stated = [getattr(side, key) is not None for side in (self.of, self.minus)]
            if any(stated) and not all(stated) and not (one_shot and key in ("protocol", "step")):
                raise PydanticCustomError("one_side", f"expected `{key}` on both sides or on neither")
        return self


class Statistics(Strict):
    """What the statistics step computes."""

    compare: Compare | None = None
    contrasts: tuple[Contrast, ...] = ()
    """Further paired differences, such as one box against five clicks."""
    margin: Fraction | None = None
    """Margin of non-inferiority in IoU: `of` is not inferior where its difference is above minus this margin."""
    noc: tuple[Fraction, ...] = (0.8, 0.85, 0.9, 0.95)
    """IoU levels for the number of clicks."""
    test_at: Annotated[tuple[Step, ...], Field(min_length=1)] = ("first", "last")
    """The clicks at which differences are tested; 0 is the box that a protocol begins with. Modes and the area under
    the curve always are."""
    metrics: tuple[Metric, ...] = ()
    """Scores of the boundary, beside IoU and Dice: computed from the stored masks of each mode, and at the clicks of
    `metrics_at`."""
    metrics_at: Literal["ends", "every"] = "ends"
    """The clicks at which `metrics` are computed: `ends`, the first and the last; `every`, all of them, and at the box
    that a protocol begins with."""
    confidence: Fraction = 0.95
    """Confidence level of all intervals."""
    seed: Seed = 0
    """Seed of the bootstrap and of the sign flips: which resamples are drawn. It changes no stored row."""

    @field_validator("test_at", "metrics")
    @classmethod
    def _no_repeats(cls, value: tuple[str | int, ...]) -> tuple[str | int, ...]:
        if len(set(value)) < len(value):
            raise PydanticCustomError("repeats", "expected each value once")
        return value
