"""One object on its way from prompt to prompt: what it has been given, what it has, and why it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from job.datasets.sample import TaskObject
from job.evaluate.encoded import EncodedSample
from job.models.mask_choice import Taken
from job.prompts.boxes import Box
from job.prompts.checked import RefusedPromptsError
from job.prompts.draw import Draw
from job.prompts.modes import Point
from job.results.outcome import Outcome, Status


@dataclass(kw_only=True, eq=False)
class Episode:
    """The state of one object under one mask choice.

    truth: its index among the truths of the block. box: what it began with, None if with a click. taken: what the
    latest request gave, None before the first. latest: the latest row, None before the first. end: why the episode
    ended, None before. refused: why it is left out, None if it is not.
    """

    encoded: EncodedSample
    object: TaskObject
    truth: int
    choice: str
    draw: Draw
    box: Box | None = None
    points: tuple[Point, ...] = ()
    taken: Taken | None = None
    latest: Outcome | None = None
    end: Status | None = None
    refused: RefusedPromptsError | None = None


class Move(NamedTuple):
    """What the host adds to an episode after a request: the row of that step, and the next prompt or why there is none.

    Both are None where there is nothing to add: no row before the first prompt, no click after the last. refused: why
    the episode is left out, None if it is not.
    """

    row: Outcome | None
    prompt: Box | Point | Status | None
    refused: RefusedPromptsError | None = None


def accept(episode: Episode, prompt: Box | Point | Status | None) -> bool:
    """Add a prompt to an episode and return True. Return False if there is none, and end the episode if it says why."""
    if isinstance(prompt, Box):
        episode.box = prompt
    elif isinstance(prompt, Point):
        episode.points = (*episode.points, prompt)
    else:
        episode.end = prompt
        return False
    return True


def row_of(episode: Episode, step: int) -> Outcome:
    """Return the row of this step: the latest one, or, after the end, the latest one repeated."""
    if episode.latest is None:
        raise ValueError("an object with an empty truth cannot be clicked")
    if episode.end is None:
        return episode.latest
    return replace(episode.latest, step=step, point=None, status=episode.end)
