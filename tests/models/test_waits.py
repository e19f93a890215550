"""SAM and its descendants never wait for the device, whatever they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from job.models.mask_decoding import MaskDecodingModel
from job.testing import encode, make_request, random_image
from tests.models.waits import counted

NUMBERS = torch.arange(6.0)
WAITING: dict[str, Callable[[], Any]] = {
    "a number": lambda: NUMBERS.sum().item(),
    "a condition": lambda: bool(NUMBERS.any()),
    "numbers picked by a mask": lambda: NUMBERS[NUMBERS > 2],
    "numbers set by a mask": lambda: NUMBERS.clone().__setitem__(NUMBERS > 2, torch.ones(())),
    "places": lambda: NUMBERS.nonzero(),
    "equality": lambda: torch.equal(NUMBERS, NUMBERS),
    "a copy": lambda: NUMBERS.cpu(),
    "an array": lambda: NUMBERS.numpy(),
    "a list": lambda: NUMBERS.tolist(),
}
NOT_WAITING: dict[str, Callable[[], Any]] = {
    "a sum": lambda: NUMBERS.sum(),
    "numbers picked by place": lambda: NUMBERS[torch.tensor([1, 2])],
    "a choice": lambda: torch.where(NUMBERS > 2, NUMBERS, 0),
    "rows": lambda: list(NUMBERS.view(2, 3)),
}


@pytest.mark.parametrize("name", WAITING)
def test_what_waits_is_counted(name: str) -> None:
    """Each of these makes the host wait for a GPU once."""
    with counted() as found:
        WAITING[name]()
    assert len(found) == 1


@pytest.mark.parametrize("name", NOT_WAITING)
def test_what_does_not_wait_is_not_counted(name: str) -> None:
    """These are queued."""
    with counted() as found:
        NOT_WAITING[name]()
    assert found == []


@pytest.fixture(params=["sam", "lite_medsam", "lite_medsam_clicks"])
def model(request: pytest.FixtureRequest) -> MaskDecodingModel:
    model_of_family: MaskDecodingModel = request.getfixturevalue(request.param)
    return model_of_family


def prompts(model: MaskDecodingModel) -> list[dict[str, Any]]:
    """Return a prompt of every form that the model accepts."""
    box = {"box": (5, 6, 40, 31)}
    if not model.capabilities.points:
        return [box]
    points = {"points": [(11, 7), (30, 39)], "labels": [1, 0]}
    return [box, points, box | points, points | {"mask_input": torch.zeros(1, 256, 256)}, points | {"multimask": True}]


def test_nothing_waits_for_the_device(model: MaskDecodingModel) -> None:
    """Neither encoding images of two sizes nor predicting from every form of prompt, all in one call."""
    with counted() as found:
        images = encode(model, random_image(60, 80), random_image(64, 48))
        model.predict([make_request(image, **prompt) for image in images for prompt in prompts(model)])
    assert found == []
