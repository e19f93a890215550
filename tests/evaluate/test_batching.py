"""Calls of a model are limited in size, and equal requests are predicted once."""

import numpy as np
import pytest
import torch

from job.evaluate.batching import batches, predict, request
from job.models.protocol import EncodedImage, Prediction
from job.prompts.boxes import Box
from job.prompts.modes import Point
from tests.models.fake import FakeModel


def point(x, y, positive=True):
    return Point(x=x, y=y, positive=positive, depth=1.0, ties=1)


@pytest.mark.parametrize(
    ("weights", "size", "expected"),
    [
        ([1, 1, 1, 1, 1], 2, [[1, 1], [1, 1], [1]]),
        ([3, 1, 1, 4, 2, 1], 4, [[3, 1], [1], [4], [2, 1]]),
        ([2, 9, 1], 4, [[2], [9], [1]]),
        ([9], 4, [[9]]),
        ([3, 3, 3], 1, [[3], [3], [3]]),
        ([], 4, []),
    ],
)
def test_a_batch_has_at_most_its_size_in_weight(weights, size, expected):
    """Items stay in order; an item heavier than the size is a batch by itself."""
    assert list(batches(weights, size, weight=lambda item: item)) == expected


def test_without_weights_every_item_counts_one():
    """Seven items in batches of three."""
    assert list(batches("abcdefg", 3)) == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


def test_batches_are_made_as_they_are_used():
    """The first batch needs only the first item of the second, so memory stays limited."""
    taken = []
    items = (taken.append(item) or item for item in range(100))
    assert next(batches(items, 3)) == [0, 1, 2]
    assert taken == [0, 1, 2, 3]


def test_a_prompt_becomes_a_request():
    """Points are (x, y) int32, labels 1 or 0, and the box x0, y0, x1, y1."""
    image = EncodedImage(height=9, width=5, features=None)
    made = request(image, [point(4, 8), point(0, 1, False)], Box(1, 2, 3, 7), multimask=True, mask_input="logits")
    assert made.image is image
    assert made.points_N2.tolist() == [[4, 8], [0, 1]]
    assert made.labels_N.tolist() == [1, 0]
    assert made.box_4.tolist() == [1, 2, 3, 7]
    assert (made.multimask, made.mask_input) == (True, "logits")
    assert {made.points_N2.dtype, made.labels_N.dtype, made.box_4.dtype} == {np.dtype(np.int32)}


def test_a_prompt_without_points_has_arrays_without_rows():
    """Points are 0 x 2, labels 0."""
    made = request(EncodedImage(height=9, width=5, features=None), (), Box(1, 2, 3, 7), multimask=False)
    assert made.points_N2.shape == (0, 2)
    assert made.labels_N.shape == (0,)


def test_equal_requests_are_predicted_once_and_returned_in_request_order():
    """A b a: two requests reach the model, and the first and third prediction are the same object."""
    model = FakeModel()
    (image,) = model.encode([np.zeros((20, 30, 3), np.uint8)])
    a, b, again = (request(image, [point(*xy)], None, multimask=True) for xy in ((3, 4), (25, 15), (3, 4)))
    first, second, third = predict(model, [a, b, again], 4)
    assert model.batches == [2]
    assert first is third
    assert first.masks_CHW[1, 4, 3]
    assert not first.masks_CHW[1, 15, 25]
    assert second.masks_CHW[1, 15, 25]


POINTS = [point(3, 4), point(9, 9)]
DIFFERENT = {
    "another point": {"points": [point(3, 5), point(9, 9)]},
    "another order": {"points": [point(9, 9), point(3, 4)]},
    "another label": {"points": [point(3, 4, False), point(9, 9)]},
    "a box": {"box": Box(1, 2, 8, 9)},
    "one candidate": {"multimask": False},
    "a mask input": {"mask_input": object()},
}


@pytest.mark.parametrize("change", DIFFERENT.values(), ids=DIFFERENT)
def test_requests_that_differ_are_predicted_separately(change):
    """Any difference counts: points and their order, labels, box, number of candidates, mask input."""
    model = RecordingModel()
    same = {"points": POINTS, "box": None, "multimask": True, "mask_input": None}
    image = EncodedImage(height=20, width=30, features=None)
    predict(model, [request(image, **same), request(image, **same | change)], 4)
    assert model.batches == [2]


def test_equal_prompts_on_two_images_are_predicted_separately():
    """Two images of equal size and content are still two."""
    model = RecordingModel()
    images = [EncodedImage(height=20, width=30, features=None) for _ in range(2)]
    predict(model, [request(image, POINTS, None, multimask=True) for image in images], 4)
    assert model.batches == [2]


class RecordingModel:
    """Records the number of requests of each call, and predicts empty masks."""

    def __init__(self):
        self.batches = []

    def predict(self, requests):
        self.batches.append(len(requests))
        return [empty(3 if request.multimask else 1, request.image) for request in requests]


def empty(candidates, image):
    masks_CHW = torch.zeros(candidates, image.height, image.width, dtype=torch.bool)
    return Prediction(masks_CHW=masks_CHW, predicted_iou_C=None, mask_inputs_C=[None] * candidates)
