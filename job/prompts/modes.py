"""One-shot prompt modes: what a mode is, and the five of Mazurowski et al. 2023 (arXiv 2304.10517)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from job.prompts.boxes import Box, Mask, read_only, tight_box
from job.prompts.draw import Draw
from job.prompts.regions import chamfer_depths, components
from job.study.modes import MODES

MOST_COMPONENTS = 3


@dataclass(frozen=True, kw_only=True)
class Point:
    """A click on pixel (x, y), origin top left. depth: px to the border of its region. ties: pixels of that depth."""

    x: int
    y: int
    positive: bool
    depth: float
    ties: int


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """The prompt of one call of a model: points, or one box."""

    points: tuple[Point, ...] = ()
    box: Box | None = None


@dataclass(frozen=True)
class Target:
    """An object to prompt. truth_HW: bool (H, W), not empty; read-only, because all modes and the scores share it."""

    truth_HW: Mask

    def __post_init__(self) -> None:
        object.__setattr__(self, "truth_HW", read_only(self.truth_HW))

    @cached_property
    def components(self) -> list[Mask]:
        """The at most three largest components, largest first. All modes share them."""
        return [read_only(component_HW) for component_HW in components(self.truth_HW, MOST_COMPONENTS)]


@dataclass(frozen=True, kw_only=True)
class PromptMode:
    """A way to prompt an object once. It never changes under its name.

    prompts: the prompts of one object, each for a call of the model, whose masks are joined by OR. points, boxes: which
    of the two they have, at least one. most_calls: how many prompts an object gets at most, from 1.
    """

    name: str
    prompts: Callable[[Target, Draw], Sequence[Prompt]]
    points: bool = False
    boxes: bool = False
    most_calls: int = 1

    def __post_init__(self) -> None:
        if not (self.points or self.boxes):
            raise ValueError(f"mode {self.name}: expected points or boxes, or both, got neither")
        if not isinstance(self.most_calls, int) or self.most_calls < 1:
            raise ValueError(f"mode {self.name}: most_calls: expected an integer from 1, got {self.most_calls!r}")


def admissible_points(component_HW: Mask) -> tuple[NDArray[np.int64], float]:
    """Return the deepest pixels of a non-empty component, int64 (N, 2) of (x, y), row-major, and their depth in px."""
    depths = chamfer_depths(component_HW)
    return depths.pixels(depths.deepest()), depths.largest


def largest_point(target: Target, draw: Draw) -> list[Prompt]:
    """Mode 1: one point in the largest component."""
    return [Prompt(points=(_deepest(target.components[0], draw, 0),))]


def each_point(target: Target, draw: Draw) -> list[Prompt]:
    """Mode 2: one point in each of the at most three largest components, together."""
    return [Prompt(points=tuple(_deepest(component, draw, index) for index, component in enumerate(target.components)))]


def largest_box(target: Target, draw: Draw) -> list[Prompt]:
    """Mode 3: the tight box of the largest component."""
    return [Prompt(box=tight_box(target.components[0]))]


def each_box(target: Target, draw: Draw) -> list[Prompt]:
    """Mode 4: a tight box on each of the at most three largest components, one call per box."""
    return [Prompt(box=tight_box(component)) for component in target.components]


def whole_box(target: Target, draw: Draw) -> list[Prompt]:
    """Mode 5: one tight box over the whole mask."""
    return [Prompt(box=tight_box(target.truth_HW))]


def prompt_mode(name: str) -> PromptMode:
    """Return the mode of a name, ours or another package's; JobError if that brings something else."""
    mode = MODES.value(name)
    if not isinstance(mode, PromptMode):
        raise MODES.all()[name].incomplete(f"a job.prompts.modes.PromptMode, got {type(mode).__name__}")
    return mode


LARGEST_POINT = PromptMode(name="largest_point", prompts=largest_point, points=True)
EACH_POINT = PromptMode(name="each_point", prompts=each_point, points=True)
LARGEST_BOX = PromptMode(name="largest_box", prompts=largest_box, boxes=True)
EACH_BOX = PromptMode(name="each_box", prompts=each_box, boxes=True, most_calls=MOST_COMPONENTS)
WHOLE_BOX = PromptMode(name="whole_box", prompts=whole_box, boxes=True)


def _deepest(component_HW: Mask, draw: Draw, index: int) -> Point:
    points_N2, depth = admissible_points(component_HW)
    x, y = points_N2[draw.below(len(points_N2), step=1, component=index)]
    return Point(x=int(x), y=int(y), positive=True, depth=depth, ties=len(points_N2))
