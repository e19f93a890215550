"""Calls of a model: requests made from prompts, in batches of limited size, each distinct request once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from job.models.protocol import EncodedImage, Prediction, PromptableModel, Request
from job.models.returned import check_predictions
from job.prompts.boxes import Box
from job.prompts.modes import Point

Item = TypeVar("Item")
Identity = tuple[object, ...]


def request(
    image: EncodedImage, points: Sequence[Point], box: Box | None, *, multimask: bool, mask_input: Any = None
) -> Request:
    """Convert a prompt to a model's request."""
    return Request(
        image=image,
        points_N2=np.array([(point.x, point.y) for point in points], np.int32).reshape(-1, 2),
        labels_N=np.array([point.positive for point in points], np.int32),
        box_4=None if box is None else np.array(box, np.int32),
        mask_input=mask_input,
        multimask=multimask,
    )


def predict(model: PromptableModel, requests: Sequence[Request], batch: int) -> list[Prediction]:
    """Run the model once for each distinct request, `batch` at a time, and return the predictions in request order.

    Modes have equal requests if an object has one component, and mask choices while they agree. Raise DataError for a
    prediction of another form than was asked for.
    """
    distinct: dict[Identity, Request] = {}
    for request in requests:
        distinct.setdefault(_identity(request), request)
    predictions: dict[Identity, Prediction] = {}
    for call in batches(distinct, batch):
        asked = [distinct[identity] for identity in call]
        returned = model.predict(asked)
        check_predictions(asked, returned)
        predictions.update(zip(call, returned, strict=True))
    return [predictions[_identity(request)] for request in requests]


def batches(items: Iterable[Item], size: int, weight: Callable[[Item], int] = lambda item: 1) -> Iterator[list[Item]]:
    """Yield consecutive lists of items with a total weight of at most `size`; a heavier item is a list by itself."""
    batch: list[Item] = []
    total = 0
    for item in items:
        if batch and total + weight(item) > size:
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += weight(item)
    if batch:
        yield batch


def _identity(request: Request) -> Identity:
    """Return what makes two requests equal: the same prompt on the same image, with the same mask fed back."""
    box = None if request.box_4 is None else request.box_4.tobytes()
    points = request.points_N2.tobytes(), request.labels_N.tobytes()
    return id(request.image), *points, box, id(request.mask_input), request.multimask
