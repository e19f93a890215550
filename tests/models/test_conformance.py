"""The behaviour that every `PromptableModel` has in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from job.models.embedding import encoding_of
from job.models.protocol import EncodedImage, Image, Prediction, PromptableModel, Request
from tests.models.compare import assert_close
from tests.models.fake import FakeModel
from tests.models.requests import encode, make_request, random_image

SIZES = {
    "sam": [(16, 2048), (131, 97)],
    "lite_medsam": [(16, 16), (2048, 300), (97, 131)],
    "lite_medsam_clicks": [(16, 2048), (131, 97)],
    "ritm": [(16, 16), (16, 1024), (97, 131), (131, 97)],
    "simpleclick": [(16, 16), (16, 1024), (97, 131), (131, 97)],
    "fake": [(16, 16), (16, 2048), (2048, 300), (97, 131)],
}
"""Small, narrow, landscape and portrait: (height, width) of the images of each family."""
FAMILIES = list(SIZES)
ENCODED: dict[str, list[EncodedImage]] = {}


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(family: str, request: pytest.FixtureRequest) -> PromptableModel:
    return FakeModel() if family == "fake" else request.getfixturevalue(family)


@pytest.fixture
def images(family: str) -> list[Image]:
    """Images of several sizes, none contiguous in memory, like slices of a flipped volume."""
    return [random_image(height, width, seed=height)[:, ::-1] for height, width in SIZES[family]]


@pytest.fixture
def encoded(family: str, model: PromptableModel, images: list[Image]) -> list[EncodedImage]:
    if family not in ENCODED:
        ENCODED[family] = encode(model, *images)
    return ENCODED[family]


def prompts(model: PromptableModel, image: EncodedImage) -> list[Request]:
    """Return a request of every form that the model accepts: corners, single pixels, the whole image."""
    accepted, right, bottom = model.capabilities, image.width - 1, image.height - 1
    requests = []
    if accepted.points:
        requests.append(make_request(image, [(right, bottom)]))
        requests.append(make_request(image, [(0, 0), (right // 2, bottom // 2)], [0, 1], multimask=accepted.multimask))
    if accepted.boxes:
        requests.append(make_request(image, box=(0, 0, right, bottom), multimask=accepted.multimask))
        requests.append(make_request(image, box=(right, 0, right, 0)))
    if accepted.points and accepted.boxes:
        requests.append(
            make_request(image, [(right // 2, 1)], box=(right // 4, 0, right, bottom), multimask=accepted.multimask)
        )
    return requests


def assert_same(predictions: Sequence[Prediction], expected: Sequence[Prediction]) -> None:
    """Assert that predictions differ by rounding only: scores within 1e-4, masks in at most a handful of pixels."""
    for prediction, reference in zip(predictions, expected, strict=True):
        assert prediction.masks_CHW.shape == reference.masks_CHW.shape
        assert (prediction.masks_CHW != reference.masks_CHW).sum() <= 5 + 2e-4 * reference.masks_CHW.numel()
        if reference.predicted_iou_C is not None:
            assert_close(prediction.predicted_iou_C, reference.predicted_iou_C, 1e-4)


def test_an_encoded_image_has_the_size_of_its_image(images: list[Image], encoded: list[EncodedImage]) -> None:
    """Images are returned in order, with their own height and width."""
    assert [(image.height, image.width) for image in encoded] == [image.shape[:2] for image in images]


def test_a_prediction_has_the_promised_form(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Masks are bool at the image's size, three or one; scores float or None; one mask input for each candidate."""
    for image in encoded:
        requests = prompts(model, image)
        for request, prediction in zip(requests, model.predict(requests), strict=True):
            candidates = 3 if request.multimask else 1
            assert prediction.masks_CHW.shape == (candidates, image.height, image.width)
            assert prediction.masks_CHW.dtype == torch.bool
            assert len(prediction.mask_inputs_C) == candidates
            if prediction.predicted_iou_C is not None:
                assert prediction.predicted_iou_C.shape == (candidates,)
                assert prediction.predicted_iou_C.dtype in (torch.float32, torch.float64)


def test_equal_requests_have_equal_predictions(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """They are equal to the last bit, whatever was predicted in between: a model keeps no state."""
    request, *others = prompts(model, encoded[-1])
    first = model.predict([request])[0]
    model.predict(others)
    again = model.predict([request])[0]
    assert torch.equal(first.masks_CHW, again.masks_CHW)
    if first.predicted_iou_C is not None:
        assert torch.equal(first.predicted_iou_C, again.predicted_iou_C)


def test_a_batch_has_the_predictions_of_its_members(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Requests on images of all sizes are run together, and one by one."""
    requests = [request for image in encoded for request in prompts(model, image)]
    assert_same(model.predict(requests), [model.predict([request])[0] for request in requests])


def test_the_order_of_requests_does_not_matter(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """In reverse order, each request has the same prediction."""
    requests = [request for image in encoded for request in prompts(model, image)]
    assert_same(model.predict(requests), model.predict(requests[::-1])[::-1])


def test_an_images_encoding_does_not_depend_on_its_batch(
    model: PromptableModel, images: list[Image], encoded: list[EncodedImage]
) -> None:
    """Encoded alone, an image has the same predictions."""
    for image, alone in zip(encoded[-2:], [encode(model, image)[0] for image in images[-2:]], strict=True):
        assert_same(model.predict(prompts(model, image)), model.predict(prompts(model, alone)))


def test_encodings_that_are_worth_storing_are_one_tensor(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """So that any of them can be stored and read; a model says so by the attribute `encoding`."""
    if encoding_of(model) is not None:
        assert all(isinstance(image.features, torch.Tensor) for image in encoded)


def test_encoding_does_not_change_its_input(
    model: PromptableModel, images: list[Image], encoded: list[EncodedImage]
) -> None:
    """The images still have the values that they were made with."""
    assert all(np.array_equal(image, random_image(*image.shape[:2], seed=image.shape[0])[:, ::-1]) for image in images)


def test_empty_lists_are_accepted(model: PromptableModel) -> None:
    """No image and no request give no encoding and no prediction."""
    assert model.encode([]) == []
    assert model.predict([]) == []


def test_requests_beyond_the_capabilities_are_refused(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """No part of a request is ignored silently."""
    image, accepted = encoded[-1], model.capabilities
    box = (1, 1, 9, 9) if accepted.boxes else None
    points = [] if accepted.boxes else [(1, 1)]
    refused = {
        "points": (accepted.points, make_request(image, [(1, 1)], box=box)),
        "a box": (accepted.boxes, make_request(image, points, box=(1, 1, 9, 9))),
        "several candidates": (accepted.multimask, make_request(image, points, box=box, multimask=True)),
        "a mask input": (
            accepted.mask_input != "none",
            make_request(image, points, box=box, mask_input=torch.zeros(1, 256, 256)),
        ),
    }
    for name, (is_accepted, request) in refused.items():
        if not is_accepted:
            with pytest.raises(ValueError, match=f"does not take {name}"):
                model.predict([request])


def test_a_request_without_points_and_box_is_refused(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """The error names what is expected."""
    with pytest.raises(ValueError, match="at least one point or a box"):
        model.predict([make_request(encoded[0])])


def test_the_mask_input_changes_the_prediction(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """A model without mask input returns None to feed back."""
    request = prompts(model, encoded[-1])[0]
    (without,) = model.predict([request])
    if model.capabilities.mask_input == "none":
        assert without.mask_inputs_C == [None]
        return
    (fed_back,) = model.predict([replace(request, mask_input=without.mask_inputs_C[0])])
    assert fed_back.masks_CHW.shape == without.masks_CHW.shape
    before, after = (soft_mask(prediction.mask_inputs_C[0]) for prediction in (without, fed_back))
    assert not torch.equal(before, after)


def soft_mask(mask_input: Any) -> torch.Tensor:
    """Return the logits or the probability in a mask input."""
    tensor: torch.Tensor = getattr(mask_input, "probability_HW", mask_input)
    return tensor


def test_more_work_never_needs_less_memory(model: PromptableModel) -> None:
    """More requests, or a larger image."""
    need, larger = model.needs(64, 80), model.needs(640, 800)
    assert 0 <= need.predict(1) <= need.predict(2) <= larger.predict(2)
    assert 0 <= need.encode <= larger.encode
    assert 0 <= need.image <= larger.image
    assert 0 <= need.episode <= larger.episode
