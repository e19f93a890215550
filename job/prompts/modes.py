"""The five one-shot prompt modes of Mazurowski et al. 2023 (arXiv 2304.10517)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from job.prompts.boxes import Box, Mask, tight_box
from job.prompts.draw import Draw
from job.prompts.regions import chamfer_depths, components

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
    """An object to prompt. truth_HW: bool (H, W), not empty."""

    truth_HW: Mask

    @cached_property
    def components(self) -> list[Mask]:
        """The at most three largest components, largest first. All modes share them."""
        return components(self.truth_HW, MOST_COMPONENTS)


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


MODES: dict[str, Callable[[Target, Draw], list[Prompt]]] = {
    mode.__name__: mode for mode in (largest_point, each_point, largest_box, each_box, whole_box)
}
"""The modes by name, in the published order. Each maps an object and a Draw to the prompts of one or more calls, whose
masks are joined by OR."""

POINT_MODES = frozenset({"largest_point", "each_point"})
"""The modes that give points; the others give boxes."""


def _deepest(component_HW: Mask, draw: Draw, index: int) -> Point:
    points_N2, depth = admissible_points(component_HW)
    x, y = points_N2[draw.below(len(points_N2), step=1, component=index)]
    return Point(x=int(x), y=int(y), positive=True, depth=depth, ties=len(points_N2))
