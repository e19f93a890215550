"""Prompts moved at random, as by a hasty user: each edge of a box, each coordinate of a point, by itself.

A move is uniform over the whole pixels from -n to n, and ends at the border of the image. It comes from a hash, as all
random choices do, so that all models get the same moved prompts. A larger jitter moves a prompt the same way, farther.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from job.prompts.boxes import Box, Mask, tight_box
from job.prompts.draw import Draw
from job.prompts.modes import Point, Prompt
from job.study.jitter import Jitter


@dataclass(frozen=True, kw_only=True)
class Mover:
    """Moves the prompts of one object. truth_HW: bool (H, W), the object, not empty."""

    jitter: Jitter
    truth_HW: Mask
    draw: Draw

    def prompts(self, prompts: Sequence[Prompt]) -> list[Prompt]:
        """Return the prompts of a mode, moved. Prompts of one place in this order are moved alike in all modes."""
        moved: list[Prompt] = []
        component = 0
        for prompt in prompts:
            points = tuple(self.point(point, 1, component + index) for index, point in enumerate(prompt.points))
            box = None if prompt.box is None else self.box(prompt.box, 1, component)
            moved.append(Prompt(points=points, box=box))
            component += max(1, len(points))
        return moved

    def point(self, point: Point, step: int, component: int = 0) -> Point:
        """Return a point, moved. It keeps its polarity, and the depth and ties of the pixel that was aimed at."""
        box = tight_box(self.truth_HW)
        x = self._moved(point.x, box.width, self.truth_HW.shape[1], step, component, 0)
        y = self._moved(point.y, box.height, self.truth_HW.shape[0], step, component, 1)
        return replace(point, x=x, y=y)

    def box(self, box: Box, step: int, component: int = 0) -> Box:
        """Return a box, moved. Edges that would pass each other change places, so that a pixel is always left."""
        height, width = self.truth_HW.shape
        x0, x1 = sorted(
            self._moved(x, box.width, width, step, component, edge) for edge, x in ((0, box.x0), (2, box.x1))
        )
        y0, y1 = sorted(
            self._moved(y, box.height, height, step, component, edge) for edge, y in ((1, box.y0), (3, box.y1))
        )
        return Box(x0, y0, x1, y1)

    def _moved(self, at: int, side: int, size: int, step: int, component: int, coordinate: int) -> int:
        """Return a coordinate in an image of this size. side: of the box along it. coordinate: its number, to draw."""
        most = self.jitter.most(side)
        shift = self.draw.shift(most, step=step, component=component, coordinate=coordinate)
        return min(max(at + shift, 0), size - 1)
