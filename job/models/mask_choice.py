"""Choose one of the candidate masks of each object. The choice is part of the experiment: the next click depends on it.

Counting and choosing run on the model's device for many objects at once. Figures and chosen masks of all of them come
to the host in two copies, which nobody waits for before they are read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from job.models import bits
from job.models.finite import refuse
from job.models.host_copy import HostCopy
from job.models.protocol import Prediction
from job.models.truths import Truths

Form = tuple[tuple[int, ...], int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Candidates:
    """What a model returned for one object: a prediction for each of its prompts. choices: how to choose among them.

    A choice is `first`, `score` (highest predicted IoU), `oracle` (highest IoU), or `single` (the only one). Of equal
    candidates, the one with the lowest index is taken. If no candidate overlaps the truth, `oracle` takes the last, as
    published.

    Masks of several predictions are joined by OR: those of equal index before the choice; with `score`, each
    prediction's best, and such a mask has no index. truth: the index of the object's truth.
    """

    predictions: Sequence[Prediction]
    truth: int
    choices: tuple[str, ...]

    @property
    def form(self) -> Form:
        """What candidates must have in common to be counted together: shape, predictions, choices."""
        return tuple(self.predictions[0].masks_CHW.shape), len(self.predictions), self.choices


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """The chosen mask as a row of bits, its pixel counts against the truth, and the mask input of the next request."""

    bits_B: NDArray[np.uint8]
    height: int
    width: int
    intersection_px: int
    union_px: int
    predicted_iou: float | None
    index: int | None
    mask_input: Any

    def mask(self) -> NDArray[np.bool_]:
        """Unpack the mask, bool (H, W)."""
        return bits.unpack_array(self.bits_B, self.height, self.width)


class Figures(NamedTuple):
    """Of each of N objects, float64 (N) on the device. Counts are far below 2^53, so float64 holds them exactly.

    predicted_iou: NaN from a model without one. finite: 0 or 1.
    """

    candidate: Tensor
    intersection: Tensor
    area: Tensor
    predicted_iou: Tensor
    finite: Tensor


class Known(NamedTuple):
    """What the host keeps of candidates until the device has chosen, without their masks, which take memory.

    size: of the mask, (H, W). truth_px: of the truth. alone: whether there is one prediction. scored: whether it has a
    predicted IoU. mask_inputs_C: of a prediction alone, else empty.
    """

    size: tuple[int, int]
    truth_px: int
    alone: bool
    scored: bool
    mask_inputs_C: Sequence[Any]


class Chosen:
    """The choices for a list of candidates, on their way to the host. It does not keep the candidates' masks."""

    def __init__(self, candidates: Sequence[Candidates], truths: Truths) -> None:
        self._known = [_known(item, truths.areas[item.truth]) for item in candidates]
        groups: defaultdict[Form, list[int]] = defaultdict(list)
        for number, item in enumerate(candidates):
            groups[item.form].append(number)
        self._order = [(choice, number) for form, group in groups.items() for choice in form[2] for number in group]
        chosen = [
            pair for group in groups.values() for pair in _choose([candidates[number] for number in group], truths)
        ]
        self._bits = HostCopy(torch.cat([bits_NB.flatten() for _, bits_NB in chosen]))
        self._figures = HostCopy(torch.cat([torch.stack(figures, dim=1) for figures, _ in chosen]))

    def taken(self) -> list[dict[str, Taken]]:
        """Return what each choice took, for each of the candidates in order. Waits for the device.

        Raise DataError if a network returned NaN or infinity for one of them.
        """
        figures_N5, all_bits = self._figures.numpy(), self._bits.numpy()
        if not figures_N5[:, -1].all():
            refuse()
        taken: list[dict[str, Taken]] = [{} for _ in self._known]
        start = 0
        for (choice, number), figures in zip(self._order, figures_N5.tolist(), strict=True):
            known = self._known[number]
            end = start + bits.packed_bytes(known.size[0] * known.size[1])
            taken[number][choice] = _taken(known, choice, figures, all_bits[start:end])
            start = end
        return taken


def _known(candidates: Candidates, truth_px: int) -> Known:
    first, alone = candidates.predictions[0], len(candidates.predictions) == 1
    height, width = first.masks_CHW.shape[1:]
    scored = first.predicted_iou_C is not None
    return Known((height, width), truth_px, alone, scored, first.mask_inputs_C if alone else ())


def _taken(known: Known, choice: str, figures: Sequence[float], bits_B: NDArray[np.uint8]) -> Taken:
    index, intersection, area = map(int, figures[:3])
    return Taken(
        bits_B=bits_B,
        height=known.size[0],
        width=known.size[1],
        intersection_px=intersection,
        union_px=area + known.truth_px - intersection,
        predicted_iou=figures[3] if known.scored else None,
        index=None if choice == "single" or (choice == "score" and not known.alone) else index,
        mask_input=known.mask_inputs_C[index] if known.alone else None,
    )


def _choose(group: Sequence[Candidates], truths: Truths) -> Iterator[tuple[Figures, Tensor]]:
    """Yield figures and chosen masks, uint8 (N, B), of candidates of one form, choice by choice."""
    predictions = [prediction for candidates in group for prediction in candidates.predictions]
    each = len(group[0].predictions)
    device = predictions[0].masks_CHW.device
    packed = bits.pack(torch.stack([prediction.masks_CHW.flatten(1) for prediction in predictions]))
    masks_NKCB = packed.view(len(group), each, *packed.shape[1:])
    scores_NKC = _scores(predictions, group[0].choices, masks_NKCB)
    finite_N = _finite(predictions, device).view(len(group), each).all(dim=1)
    truth_NB = torch.stack([truths.bits(candidates.truth, device) for candidates in group])
    joined = _Joined(masks_NKCB, scores_NKC, truth_NB, finite_N)
    for choice in group[0].choices:
        yield (joined.best_of_each() if choice == "score" and each > 1 else joined).chosen(choice)


class _Joined:
    """The candidates of N objects, with K predictions each joined: masks uint8 (N, C, B), scores float64 (N, C)."""

    def __init__(self, masks_NKCB: Tensor, scores_NKC: Tensor, truth_NB: Tensor, finite_N: Tensor) -> None:
        self._masks_NKCB, self._scores_NKC, self._truth_NB, self._finite_N = masks_NKCB, scores_NKC, truth_NB, finite_N
        self._masks_NCB = masks_NKCB[:, 0]
        for prediction in range(1, masks_NKCB.shape[1]):
            self._masks_NCB = self._masks_NCB | masks_NKCB[:, prediction]
        self._scores_NC = scores_NKC.mean(dim=1)
        both_2NCB = torch.stack([self._masks_NCB & truth_NB[:, None], self._masks_NCB])
        self._intersection_NC, self._area_NC = bits.count(both_2NCB)

    def best_of_each(self) -> _Joined:
        """Return each prediction's candidate of the highest score, joined."""
        best_NK1 = self._scores_NKC.argmax(dim=2, keepdim=True)
        masks_NK1B = self._masks_NKCB.take_along_dim(best_NK1[..., None], dim=2)
        return _Joined(masks_NK1B, self._scores_NKC.take_along_dim(best_NK1, dim=2), self._truth_NB, self._finite_N)

    def chosen(self, choice: str) -> tuple[Figures, Tensor]:
        """Return the figures of the chosen candidates, and their masks, uint8 (N, B)."""
        index_N1 = self._index(choice)[:, None]
        figures = (self._intersection_NC, self._area_NC, self._scores_NC)
        intersection, area, score = (values_NC.take_along_dim(index_N1, dim=1)[:, 0].double() for values_NC in figures)
        masks_NB = self._masks_NCB.take_along_dim(index_N1[..., None], dim=1)[:, 0]
        return Figures(index_N1[:, 0].double(), intersection, area, score, self._finite_N.double()), masks_NB

    def _index(self, choice: str) -> Tensor:
        if choice == "oracle":
            return self._index_of_highest_iou()
        if choice == "score" and self._masks_NCB.shape[1] > 1:
            return self._scores_NC.argmax(dim=1)
        return torch.zeros(len(self._masks_NCB), dtype=torch.int64, device=self._masks_NCB.device)

    def _index_of_highest_iou(self) -> Tensor:
        unions_NC = self._area_NC + bits.count(self._truth_NB)[:, None] - self._intersection_NC
        iou_NC = self._intersection_NC.double() / unions_NC.double()
        last = iou_NC.shape[1] - 1
        return torch.where(iou_NC.amax(dim=1) > 0, iou_NC.argmax(dim=1), last)


def _scores(predictions: Sequence[Prediction], choices: Sequence[str], masks_NKCB: Tensor) -> Tensor:
    """Return the predicted IoU of all candidates, float64 (N, K, C); NaN from a model that predicts none."""
    given = [prediction.predicted_iou_C for prediction in predictions if prediction.predicted_iou_C is not None]
    if not given and "score" in choices:
        raise ValueError("the mask choice `score` needs a model that predicts its IoU")
    if not given:
        return torch.full(masks_NKCB.shape[:3], torch.nan, dtype=torch.float64, device=masks_NKCB.device)
    return torch.stack(given).double().view(masks_NKCB.shape[:3])


def _finite(predictions: Sequence[Prediction], device: torch.device) -> Tensor:
    """Return whether each network's output was finite, bool (N). If a model does not say, its predicted IoU does."""
    return torch.stack([_is_finite(prediction, device) for prediction in predictions])


def _is_finite(prediction: Prediction, device: torch.device) -> Tensor:
    if prediction.finite is not None:
        return prediction.finite
    if prediction.predicted_iou_C is not None:
        return torch.isfinite(prediction.predicted_iou_C).all()
    return torch.ones((), dtype=torch.bool, device=device)
