"""What modes and protocols give, checked when it is given: those of other packages may have any fault.

A model that is asked outside its image, or by a NaN, answers all the same, and its row would look like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from math import isfinite
from numbers import Integral, Real
from typing import Any, TypeVar, get_args

import numpy as np

from job.prompts.boxes import Box
from job.prompts.clicks import ClickProtocol, End, Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point, Prompt, PromptMode, Target
from job.study.entry_points import Group, is_own_fault
from job.study.modes import MODES
from job.study.protocols import PROTOCOLS

Given = TypeVar("Given")
MOST_LETTERS = 400
"""Of an exception's text."""


class RefusedPromptsError(Exception):
    """A mode or protocol gave what no model is asked.

    reason: as in the ledger. detail: the mode or protocol, its package, what was expected and given.
    """

    reason = "faulty prompts"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def checked_prompts(mode: PromptMode, target: Target, draw: Draw) -> list[Prompt]:
    """Return the prompts of a mode, their coordinates as int; RefusedPromptsError if they are not what it promises."""
    given = _called(MODES, mode.name, lambda: list(mode.prompts(target, draw)))
    prompts = given[: mode.most_calls]
    if len(given) != len(prompts) or not given:
        promise = "at least 1 prompt" if not given else f"at most {_prompts(mode.most_calls)} (most_calls)"
        raise _refused(MODES, mode.name, f"promised {promise}, gave {_prompts(len(given))}")
    try:
        return [_prompt(prompt, mode, target.truth_HW.shape) for prompt in prompts]
    except ValueError as error:
        raise _refused(MODES, mode.name, str(error)) from None


def checked_click(protocol: ClickProtocol, situation: Situation) -> Point | End:
    """Return the next click of a protocol, its pixel as int, or why there is none; RefusedPromptsError for all else."""
    given = _called(PROTOCOLS, protocol.name, lambda: protocol.next_click(situation))
    if isinstance(given, str) and given in get_args(End):
        return given
    try:
        return _point(given, situation.truth_HW.shape, f"a Point, {' or '.join(get_args(End))}")
    except ValueError as error:
        raise _refused(PROTOCOLS, protocol.name, f"click {situation.step}: {error}") from None


def _called(group: Group, name: str, call: Callable[[], Given]) -> Given:
    try:
        return call()
    except Exception as error:  # whatever the package's own code raises
        if not is_own_fault(error):
            raise
        text = " ".join(str(error).split())  # one line of the ledger
        raise _refused(group, name, f"raised {type(error).__name__}: {_short(text, MOST_LETTERS)}") from error


def _refused(group: Group, name: str, fault: str) -> RefusedPromptsError:
    packages = " and ".join(group.all()[name].packages) if name in group.all() else "no package"
    return RefusedPromptsError(f"{group.kind} {name} of {packages}: {fault}; update or mend the package")


def _prompt(prompt: Any, mode: PromptMode, shape: tuple[int, ...]) -> Prompt:
    """Return a prompt with coordinates as int; ValueError, with what was expected and given, if it is faulty."""
    if not isinstance(prompt, Prompt):
        raise ValueError(f"expected a Prompt, got {_shown(prompt)}")
    if not isinstance(prompt.points, Sequence):
        raise ValueError(f"points: expected a tuple of Point, got {_shown(prompt.points)}")
    for promised, given, what in ((mode.points, prompt.points, "points"), (mode.boxes, prompt.box is not None, "box")):
        if promised != bool(given):
            raise ValueError(f"promised prompts with{'' if promised else 'out'} {what}, gave {_shown(prompt)}")
    points = tuple(_point(point, shape, "a Point") for point in prompt.points)
    return Prompt(points=points, box=None if prompt.box is None else _box(prompt.box, shape))


def _point(point: Any, shape: tuple[int, ...], expected: str) -> Point:
    if not isinstance(point, Point):
        raise ValueError(f"expected {expected}, got {_shown(point)}")
    height, width = shape
    if not isinstance(point.positive, bool | np.bool_):
        raise ValueError(f"positive: expected a bool, got {_shown(point.positive)}")
    if not isinstance(point.depth, Real) or not isfinite(point.depth) or point.depth < 0:
        raise ValueError(f"depth: expected a number of px from 0, got {_shown(point.depth)}")
    return replace(
        point,
        x=_whole(point.x, width - 1, "x"),
        y=_whole(point.y, height - 1, "y"),
        positive=bool(point.positive),
        depth=float(point.depth),
        ties=_whole(point.ties, height * width, "ties"),
    )


def _box(box: Any, shape: tuple[int, ...]) -> Box:
    if not isinstance(box, Box):
        raise ValueError(f"expected a Box, got {_shown(box)}")
    height, width = shape
    whole = Box(*_corners(box, (width, height)))
    if whole.x0 > whole.x1 or whole.y0 > whole.y1:
        raise ValueError(f"expected a box with x0 <= x1 and y0 <= y1, got {_shown(whole)}")
    return whole


def _corners(box: Box, sides: Sequence[int]) -> Iterator[int]:
    for index, (coordinate, field) in enumerate(zip(box, box._fields, strict=True)):
        yield _whole(coordinate, sides[index % 2] - 1, field)


def _whole(number: Any, most: int, what: str) -> int:
    """Return a number as int; ValueError if it is no whole number from 0 to `most`."""
    if isinstance(number, bool) or not isinstance(number, Integral) or not 0 <= int(number) <= most:
        raise ValueError(f"{what}: expected an integer from 0 to {most}, got {_shown(number)}")
    return int(number)


def _prompts(count: int) -> str:
    return f"{count} prompt" + ("" if count == 1 else "s")


def _shown(value: Any) -> str:
    """Return a value in few letters."""
    return f"{type(value).__name__} {_short(repr(value), 80)}"


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 3] + "..."
