"""Calls of a model: requests from prompts, bounded blocks, equal requests answered once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from job.models.protocol import EncodedImage, Prediction, PromptableModel, Request
from job.prompts.modes import Point
from job.results.outcome import Box

Item = TypeVar("Item")


def request(
    image: EncodedImage, points: Sequence[Point], box: Box | None, *, multimask: bool, memory: Any = None
) -> Request:
    """Put a prompt into the form that models take."""
    return Request(
        image=image,
        points_N2=np.array([(point.x, point.y) for point in points], np.int32).reshape(-1, 2),
        labels_N=np.array([point.positive for point in points], np.int32),
        box_4=None if box is None else np.array(box, np.int32),
        memory=memory,
        multimask=multimask,
    )


def predict(model: PromptableModel, requests: Sequence[Request]) -> list[Prediction]:
    """Answer requests in order, equal ones once: objects of one part, or choices that agreed so far, ask the same."""
    distinct: dict[Any, Request] = {}
    for one in requests:
        distinct.setdefault(_identity(one), one)
    answers = dict(zip(distinct, model.predict(list(distinct.values())), strict=True))
    return [answers[_identity(one)] for one in requests]


def blocks(items: Iterable[Item], size: int, weight: Any = lambda item: 1) -> Iterator[list[Item]]:
    """Cut items into consecutive lists of at most `size` in weight; an item that is heavier stands alone."""
    block: list[Item] = []
    total = 0
    for item in items:
        if block and total + weight(item) > size:
            yield block
            block, total = [], 0
        block.append(item)
        total += weight(item)
    if block:
        yield block


def _identity(one: Request) -> tuple[Any, ...]:
    box = None if one.box_4 is None else one.box_4.tobytes()
    return id(one.image), one.points_N2.tobytes(), one.labels_N.tobytes(), box, id(one.memory), one.multimask
