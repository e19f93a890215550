"""The `prompts` section of a spec: one-shot modes and simulated clicks."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from job.study.protocols import Protocol, installed_protocol
from job.study.strict import Strict

Mode = Literal["largest_point", "each_point", "largest_box", "each_box", "whole_box"]
MODE_NAMES: tuple[Mode, ...] = get_args(Mode)
MaskChoice = Literal["first", "score", "oracle", "single"]

ONE_SHOT = "one-shot"
"""The protocol of the rows of one-shot modes."""
CLICKS = "clicks"
"""The prompt of the rows of click protocols."""


class ClickSettings(Strict):
    """Simulated clicks, one after the other."""

    protocol: Protocol
    max: Annotated[int, Field(ge=1, le=100)] | None = None
    """Clicks for each object. Default: the protocol's own, 9 for mazurowski2023 and its correction, 20 for ritm, 5 for
    cvpr2025."""
    target_iou: Annotated[float, Field(gt=0, le=1)] | None = None
    """Stop an object early at this IoU, which is at least the highest `statistics.noc`."""

    @property
    def steps(self) -> int:
        """Clicks for each object."""
        return self.max or int(installed_protocol(self.protocol).clicks)

    @property
    def first_step(self) -> int:
        """The step of an object's first row: 1, the first click, or 0, the box that the protocol begins with."""
        return 0 if getattr(installed_protocol(self.protocol), "box", False) else 1


class Prompts(Strict):
    """A block of prompts: either one-shot modes or clicks."""

    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The names of the block's models. Default: all models."""
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] | None = None
    clicks: ClickSettings | None = None
    mask_choice: Annotated[tuple[MaskChoice, ...], Field(min_length=1)] = ("score",)
    """Which of three candidates is taken; each choice is a run of its own. A model with one mask runs as `single`."""

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
