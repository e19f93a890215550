"""Click protocols: all episodes of a part advance together, one click at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.datasets.sample import TaskObject
from job.evaluate.batching import batches, predict, request
from job.evaluate.encoded import Conditions, EncodedSample
from job.evaluate.mask_choice import take
from job.metrics import overlap
from job.models.protocol import Prediction, PromptableModel
from job.prompts.blocks import PromptBlock
from job.prompts.clicks import PROTOCOLS, ClickProtocol, Situation
from job.prompts.draw import Draw
from job.prompts.modes import Point
from job.results import run_lengths
from job.results.outcome import Outcome, Status


@dataclass(kw_only=True, eq=False)
class Episode:
    """The state of one object under one mask choice. end: why the episode ended, None before."""

    encoded: EncodedSample
    object: TaskObject
    choice: str
    draw: Draw
    mask_HW: NDArray[np.bool_]
    clicked_HW: NDArray[np.bool_]
    points: tuple[Point, ...] = ()
    mask_input: Any = None
    end: Status | None = None
    latest: Outcome | None = None


def run_clicks(
    model: PromptableModel,
    encoded: Sequence[EncodedSample],
    block: PromptBlock,
    conditions: Conditions,
    pool: Executor,
) -> Iterator[Outcome]:
    """Click on every object `block.steps` times; an ended episode repeats its last row for each remaining step."""
    protocol = PROTOCOLS[block.protocol]
    episodes = [
        _start(encoded_sample, obj, choice, conditions)
        for encoded_sample in encoded
        for obj in encoded_sample.sample.objects
        for choice in block.mask_choices
    ]
    for step in range(1, block.steps + 1):
        running = [episode for episode in episodes if episode.end is None]
        clicks = pool.map(partial(_next_click, protocol=protocol, step=step), running)
        clicked = [episode for episode, click in zip(running, clicks, strict=True) if _accept(episode, click)]
        for batch in batches(clicked, conditions.batch):
            _advance(model, batch, block, protocol, step, pool)
        for episode in episodes:
            yield _row(episode, step)
            _stop_at_target(episode, block.target_iou)


def _start(encoded: EncodedSample, obj: TaskObject, choice: str, conditions: Conditions) -> Episode:
    shape = obj.truth_HW.shape
    return Episode(
        encoded=encoded,
        object=obj,
        choice=choice,
        draw=conditions.draw(encoded.sample, obj),
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
    """Add a click to an episode and return True, or end the episode and return False."""
    if not isinstance(click, Point):
        episode.end = click
        return False
    episode.points = (*episode.points, click)
    episode.clicked_HW[click.y, click.x] = True
    return True


def _advance(
    model: PromptableModel,
    batch: Sequence[Episode],
    block: PromptBlock,
    protocol: ClickProtocol,
    step: int,
    pool: Executor,
) -> None:
    """Run the model on each episode's clicks so far, and choose a mask for each."""
    feeds_back = model.capabilities.mask_input == "always" or protocol.feedback
    # With feedback, the first click gets three candidates; later clicks get the single-mask token's mask.
    has_candidates = step == 1 or not protocol.feedback
    choices = [episode.choice if has_candidates else "single" for episode in batch]
    requests = [
        request(
            episode.encoded.image,
            episode.points,
            None,
            multimask=choice != "single",
            mask_input=episode.mask_input if feeds_back else None,
        )
        for episode, choice in zip(batch, choices, strict=True)
    ]
    predictions = predict(model, requests)
    list(pool.map(partial(_record, block=block, step=step), batch, choices, predictions))


def _record(episode: Episode, choice: str, prediction: Prediction, *, block: PromptBlock, step: int) -> None:
    """Choose a mask and record the outcome. It changes only its own episode, so calls can run in parallel."""
    taken = take(choice, prediction, episode.object.truth_HW)
    episode.mask_HW = taken.mask_HW
    episode.mask_input = taken.mask_input
    episode.latest = Outcome(
        sample=episode.encoded.sample,
        object=episode.object,
        prompt=block.prompts[0],
        protocol=block.protocol,
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
        mask=run_lengths.encode(taken.mask_HW),
    )


def _row(episode: Episode, step: int) -> Outcome:
    """Return the row of this step: the latest outcome, or, after the end, the latest outcome repeated."""
    if episode.latest is None:
        raise ValueError("an object with an empty truth cannot be clicked")
    if episode.end is None:
        return episode.latest
    return replace(episode.latest, step=step, point=None, status=episode.end)


def _stop_at_target(episode: Episode, target_iou: float | None) -> None:
    latest = episode.latest
    if target_iou is None or episode.end is not None or latest is None:
        return
    if overlap.iou(latest.intersection_px, latest.union_px) >= target_iou:
        episode.end = "target"
