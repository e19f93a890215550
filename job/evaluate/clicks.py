"""Click protocols: all episodes of a part advance together, one click at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job import masks, metrics
from job.datasets.sample import TaskObject
from job.evaluate.ask_model import blocks, predict, request
from job.evaluate.choose import take
from job.evaluate.view import Conditions, View
from job.models.protocol import Prediction, PromptableModel
from job.plan.asks import Ask
from job.prompts.clicks import PROTOCOLS, ClickProtocol, Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point
from job.results.outcome import Outcome, Status
from job.spec.prompts import CLICKS


@dataclass(kw_only=True, eq=False)
class Episode:
    """The course of one object under one mask choice; `end` says why no more clicks come."""

    view: View
    object: TaskObject
    choice: str
    draw: Draw
    mask_HW: NDArray[np.bool_]
    clicked_HW: NDArray[np.bool_]
    points: tuple[Point, ...] = ()
    memory: Any = None
    end: Status | None = None
    latest: Outcome | None = None


def run_clicks(
    model: PromptableModel, views: Sequence[View], ask: Ask, conditions: Conditions, pool: Executor
) -> Iterator[Outcome]:
    """Click every object `ask.steps` times; an episode that ended repeats its last row for each remaining step."""
    protocol = PROTOCOLS[ask.protocol]
    episodes = [
        _start(view, thing, choice, conditions)
        for view in views
        for thing in view.sample.objects
        for choice in ask.mask_choices
    ]
    for step in range(1, ask.steps + 1):
        running = [episode for episode in episodes if episode.end is None]
        clicks = pool.map(partial(_next_click, protocol=protocol, step=step), running)
        clicked = [episode for episode, click in zip(running, clicks, strict=True) if _accept(episode, click)]
        for block in blocks(clicked, conditions.batch):
            _advance(model, block, ask, protocol, step, pool)
        for episode in episodes:
            yield _row(episode, step)
            _stop_at_target(episode, ask.target_iou)


def _start(view: View, thing: TaskObject, choice: str, conditions: Conditions) -> Episode:
    shape = thing.truth_HW.shape
    return Episode(
        view=view,
        object=thing,
        choice=choice,
        draw=conditions.draw(view, thing),
        mask_HW=np.zeros(shape, np.bool_),
        clicked_HW=np.zeros(shape, np.bool_),
    )


def _next_click(episode: Episode, protocol: ClickProtocol, step: int) -> Point | Status:
    situation = Situation(
        truth_HW=episode.object.truth_HW,
        labelled_HW=episode.object.labelled_HW,
        prediction_HW=episode.mask_HW,
        clicked_HW=episode.clicked_HW,
        step=step,
        draw=episode.draw,
    )
    return protocol.next_click(situation)


def _accept(episode: Episode, click: Point | Status) -> bool:
    """Add a click to an episode, or note why there is none."""
    if not isinstance(click, Point):
        episode.end = click
        return False
    episode.points = (*episode.points, click)
    episode.clicked_HW[click.y, click.x] = True
    return True


def _advance(
    model: PromptableModel, block: Sequence[Episode], ask: Ask, protocol: ClickProtocol, step: int, pool: Executor
) -> None:
    """Show each episode's clicks so far to the model and take a mask."""
    feeds_back = model.capabilities.memory == "always" or protocol.feedback
    # Where logits are fed back, the candidates belong to the first click and the single-mask token to the rest.
    several = step == 1 or not protocol.feedback
    choices = [episode.choice if several else "single" for episode in block]
    requests = [
        request(
            episode.view.image,
            episode.points,
            None,
            multimask=choice != "single",
            memory=episode.memory if feeds_back else None,
        )
        for episode, choice in zip(block, choices, strict=True)
    ]
    predictions = predict(model, requests)
    list(pool.map(partial(_settle, ask=ask, step=step), block, choices, predictions))


def _settle(episode: Episode, choice: str, prediction: Prediction, *, ask: Ask, step: int) -> None:
    """Take a mask and note the outcome; touches its own episode alone, so episodes settle in parallel."""
    taken = take(choice, prediction, episode.object.truth_HW)
    episode.mask_HW = taken.mask_HW
    episode.memory = taken.memory
    episode.latest = Outcome(
        sample=episode.view.sample,
        object=episode.object,
        prompt=CLICKS,
        protocol=ask.protocol,
        mask_choice=episode.choice,
        step=step,
        intersection_px=taken.intersection_px,
        union_px=taken.union_px,
        predicted_iou=taken.predicted_iou,
        mask_index=taken.index,
        point=episode.points[-1],
        status="ok",
        points=episode.points,
        boxes=(),
        mask=masks.encode(taken.mask_HW),
    )


def _row(episode: Episode, step: int) -> Outcome:
    """Give the row of this step: the latest outcome, or its repetition after the end."""
    if episode.latest is None:
        raise ValueError("an object with an empty truth cannot be clicked")
    if episode.end is None:
        return episode.latest
    return replace(episode.latest, step=step, point=None, status=episode.end)


def _stop_at_target(episode: Episode, target_iou: float | None) -> None:
    latest = episode.latest
    if target_iou is None or episode.end is not None or latest is None:
        return
    if metrics.iou(latest.intersection_px, latest.union_px) >= target_iou:
        episode.end = "target"
