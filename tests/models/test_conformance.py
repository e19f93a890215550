"""What every `PromptableModel` does, whatever its family."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from job.models.device import to_numpy
from job.models.protocol import EncodedImage, Image, Prediction, PromptableModel, Request
from tests.models.asking import ask, random_image
from tests.models.fake import FakeModel

SIZES = {
    "sam": [(16, 2048), (97, 131)],
    "lite_medsam": [(16, 16), (2048, 300), (97, 131)],
    "lite_medsam_clicks": [(16, 2048), (97, 131)],
    "ritm": [(16, 16), (16, 2048), (97, 131)],
    "fake": [(16, 16), (16, 2048), (2048, 300), (97, 131)],
}
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
    """Images of many sizes, none contiguous, as flips and transposes of a volume leave them."""
    return [random_image(height, width, seed=height)[:, ::-1] for height, width in SIZES[family]]


@pytest.fixture
def encoded(family: str, model: PromptableModel, images: list[Image]) -> list[EncodedImage]:
    if family not in ENCODED:
        ENCODED[family] = model.encode(images)
    return ENCODED[family]


def prompts(model: PromptableModel, image: EncodedImage) -> list[Request]:
    """Everything that the model takes, on one image: corners, single pixels, the whole image."""
    takes, right, bottom = model.capabilities, image.width - 1, image.height - 1
    requests = []
    if takes.points:
        requests.append(ask(image, [(right, bottom)]))
        requests.append(ask(image, [(0, 0), (right // 2, bottom // 2)], [0, 1], multimask=takes.multimask))
    if takes.boxes:
        requests.append(ask(image, box=(0, 0, right, bottom), multimask=takes.multimask))
        requests.append(ask(image, box=(right, 0, right, 0)))
    if takes.points and takes.boxes:
        requests.append(ask(image, [(right // 2, 1)], box=(right // 4, 0, right, bottom), multimask=takes.multimask))
    return requests


def assert_same(some: Sequence[Prediction], others: Sequence[Prediction]) -> None:
    """Equal but for rounding: scores within 1e-4, masks but for a handful of pixels."""
    for one, other in zip(some, others, strict=True):
        assert one.masks_CHW.shape == other.masks_CHW.shape
        assert (one.masks_CHW != other.masks_CHW).sum() <= 5 + 2e-4 * one.masks_CHW.numel()
        if one.predicted_iou_C is not None:
            np.testing.assert_allclose(one.predicted_iou_C, other.predicted_iou_C, atol=1e-4)


def test_an_encoding_knows_its_size(images: list[Image], encoded: list[EncodedImage]) -> None:
    """Images come back in order, with their own height and width."""
    assert [(image.height, image.width) for image in encoded] == [image.shape[:2] for image in images]


def test_a_prediction_has_the_promised_form(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Masks are bool at the image's size, three or one; scores float64 or None; one mask_input for each candidate."""
    for image in encoded:
        requests = prompts(model, image)
        for request, prediction in zip(requests, model.predict(requests), strict=True):
            candidates = 3 if request.multimask else 1
            assert prediction.masks_CHW.shape == (candidates, image.height, image.width)
            assert prediction.masks_CHW.dtype == torch.bool
            assert len(prediction.mask_inputs_C) == candidates
            if prediction.predicted_iou_C is not None:
                assert prediction.predicted_iou_C.shape == (candidates,)
                assert prediction.predicted_iou_C.dtype == np.float64


def test_masks_reach_the_evaluation(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """A mask becomes an array at the image's size."""
    mask_HW = to_numpy(model.predict(prompts(model, encoded[0])[:1])[0].masks_CHW[0])
    assert mask_HW.shape == (encoded[0].height, encoded[0].width)


def test_the_same_question_has_the_same_answer(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """To the last bit, and whatever was asked in between: a model keeps no state."""
    request, *others = prompts(model, encoded[-1])
    first = model.predict([request])[0]
    model.predict(others)
    again = model.predict([request])[0]
    assert torch.equal(first.masks_CHW, again.masks_CHW)
    assert np.array_equal(first.predicted_iou_C, again.predicted_iou_C)  # type: ignore[arg-type]


def test_a_batch_answers_as_single_requests(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Requests on images of all sizes, together and one by one."""
    requests = [request for image in encoded for request in prompts(model, image)]
    assert_same(model.predict(requests), [model.predict([request])[0] for request in requests])


def test_the_order_of_requests_does_not_matter(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Backwards, each request has the same answer."""
    requests = [request for image in encoded for request in prompts(model, image)]
    assert_same(model.predict(requests), model.predict(requests[::-1])[::-1])


def test_images_are_encoded_together_as_alone(
    model: PromptableModel, images: list[Image], encoded: list[EncodedImage]
) -> None:
    """An image's neighbours in a batch do not show in its answers."""
    some = images[-2:]
    for image, alone in zip(encoded[-2:], [model.encode([image])[0] for image in some], strict=True):
        assert_same(model.predict(prompts(model, image)), model.predict(prompts(model, alone)))


def test_images_are_left_as_they_are(model: PromptableModel, images: list[Image], encoded: list[EncodedImage]) -> None:
    """Encoding does not write into its input."""
    assert all(np.array_equal(image, random_image(*image.shape[:2], seed=image.shape[0])[:, ::-1]) for image in images)


def test_nothing_asked_nothing_answered(model: PromptableModel) -> None:
    """Empty lists are no error."""
    assert model.encode([]) == []
    assert model.predict([]) == []


def test_what_a_model_does_not_take_is_refused(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Capabilities are honoured: nothing that is not taken is silently left out."""
    image, takes = encoded[-1], model.capabilities
    box = (1, 1, 9, 9) if takes.boxes else None
    points = [] if takes.boxes else [(1, 1)]
    refused = {
        "points": (takes.points, ask(image, [(1, 1)], box=box)),
        "a box": (takes.boxes, ask(image, points, box=(1, 1, 9, 9))),
        "several candidates": (takes.multimask, ask(image, points, box=box, multimask=True)),
        "memory": (takes.mask_input != "none", ask(image, points, box=box, mask_input=torch.zeros(1, 256, 256))),
    }
    for what, (is_taken, request) in refused.items():
        if not is_taken:
            with pytest.raises(ValueError, match=f"does not take {what}"):
                model.predict([request])


def test_a_request_points_at_something(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Neither points nor a box is refused."""
    with pytest.raises(ValueError, match="at least one point or a box"):
        model.predict([ask(encoded[0])])


def test_memory_is_what_the_capabilities_say(model: PromptableModel, encoded: list[EncodedImage]) -> None:
    """Without mask_input there is nothing to feed back; with it, what is fed back changes the answer."""
    request = prompts(model, encoded[-1])[0]
    mask_input = model.predict([request])[0].mask_inputs_C[0]
    if model.capabilities.mask_input == "none":
        assert mask_input is None
    else:
        fed = Request(
            image=request.image, points_N2=request.points_N2, labels_N=request.labels_N, mask_input=mask_input
        )
        without, with_memory = model.predict([request, fed])
        assert with_memory.masks_CHW.shape == without.masks_CHW.shape
        fed_back, fresh = (
            getattr(one.mask_inputs_C[0], "probability_HW", one.mask_inputs_C[0]) for one in (with_memory, without)
        )
        assert not torch.equal(fed_back, fresh)
