"""Choose one of the candidate masks. The choice is part of the experiment, because the next click depends on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from job.metrics import overlap
from job.models import device
from job.models.protocol import Prediction

Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """The chosen mask, bool (H, W), its pixel counts against the truth, and the mask input of the next request."""

    mask_HW: Mask
    intersection_px: int
    union_px: int
    predicted_iou: float | None
    index: int | None
    mask_input: Any


def take(choice: str, prediction: Prediction, truth_HW: Mask) -> Taken:
    """Choose a candidate: `first`, `score` (highest predicted IoU), `oracle` (highest IoU), or `single` (the only one).

    Of equal candidates, the one with the lowest index is taken. If no candidate overlaps the truth, `oracle` takes the
    last, as published.
    """
    truth = device.as_truth(truth_HW, prediction.masks_CHW.device)
    intersections_C, unions_C = device.count(prediction.masks_CHW, truth)
    scores_C = prediction.predicted_iou_C
    index = _index(choice, intersections_C, unions_C, scores_C)
    return Taken(
        mask_HW=device.to_numpy(prediction.masks_CHW[index]),
        intersection_px=int(intersections_C[index]),
        union_px=int(unions_C[index]),
        predicted_iou=None if scores_C is None else float(scores_C[index]),
        index=None if choice == "single" else index,
        mask_input=prediction.mask_inputs_C[index],
    )


def take_joined(choice: str, predictions: Sequence[Prediction], truth_HW: Mask) -> Taken:
    """Choose a mask from several calls on one object: join candidates of equal index by OR, then choose one.

    For `score`, choose each call's best candidate first, then join these; such a mask has no index.
    """
    if len(predictions) == 1:
        return take(choice, predictions[0], truth_HW)
    if choice == "score":
        best = [_candidate(prediction, _highest(prediction.predicted_iou_C)) for prediction in predictions]
        return take("single", _join(best), truth_HW)
    return take(choice, _join(predictions), truth_HW)


def _index(
    choice: str, intersections_C: NDArray[np.int64], unions_C: NDArray[np.int64], scores_C: NDArray[np.float64] | None
) -> int:
    if choice == "oracle":
        ious = [overlap.iou(int(both), int(union)) for both, union in zip(intersections_C, unions_C, strict=True)]
        return int(np.argmax(ious)) if any(ious) else len(ious) - 1
    return _highest(scores_C) if choice == "score" else 0


def _highest(scores_C: NDArray[np.float64] | None) -> int:
    if scores_C is None:
        raise ValueError("the mask choice `score` needs a model that predicts its IoU")
    return int(np.argmax(scores_C))


def _candidate(prediction: Prediction, index: int) -> Prediction:
    scores_C = prediction.predicted_iou_C
    return Prediction(
        masks_CHW=prediction.masks_CHW[index : index + 1],
        predicted_iou_C=None if scores_C is None else scores_C[index : index + 1],
        mask_inputs_C=[None],
    )


def _join(predictions: Sequence[Prediction]) -> Prediction:
    scores = [prediction.predicted_iou_C for prediction in predictions if prediction.predicted_iou_C is not None]
    masks_CHW = device.any_of([prediction.masks_CHW for prediction in predictions])
    return Prediction(
        masks_CHW=masks_CHW,
        predicted_iou_C=np.mean(scores, axis=0) if scores else None,
        mask_inputs_C=[None] * len(masks_CHW),
    )
