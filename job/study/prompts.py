"""The `prompts` section of a spec: one-shot modes and simulated clicks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from job.study.jitter import JitterText, jitter_of, split
from job.study.modes import MODES, PUBLISHED_MODES, Mode
from job.study.protocols import PROTOCOLS, Protocol
from job.study.strict import Strict

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
        return self.max or int(PROTOCOLS.value(self.protocol).clicks)

    @property
    def first_step(self) -> int:
        """The step of an object's first row: 1, the first click, or 0, the box that the protocol begins with."""
        return 0 if getattr(PROTOCOLS.value(self.protocol), "box", False) else 1


class Prompts(Strict):
    """A block of prompts: either one-shot modes or clicks."""

    models: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The names of the block's models. Default: all models."""
    modes: Annotated[tuple[Mode, ...], Field(min_length=1)] | None = None
    clicks: ClickSettings | None = None
    jitter: JitterText | None = None
    """Move every box and point of the block at random, at most this far: `5 px`, or `10 %` of the object's box. Its
    rows are those of a mode or protocol of its own, such as `whole_box jitter 5 px`."""
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


def is_mode(name: str) -> bool:
    """Return whether a name is of a mode, with or without a jitter, and not of a protocol."""
    return split(name)[0] in MODES.all()


def place_of(prompt: str) -> tuple[int, str, str, float]:
    """Return what sorts prompts: published modes in their order, then others, each before its jitters; then clicks."""
    mode, jitter = split(prompt)
    amount, unit = jitter_of(jitter) if jitter else (0.0, "")
    place = PUBLISHED_MODES.index(mode) if mode in PUBLISHED_MODES else len(PUBLISHED_MODES) + (mode == CLICKS)
    return place, mode, unit, amount
