"""A model must return what it was asked for: pixels of another form would be scored as if they were the image's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from job.errors import DataError
from job.evaluate import encode
from job.evaluate.batching import predict, request
from job.prompts.modes import Point
from tests.evaluate.scripted import ScriptedModel, clicks, mask, modes, run, sample

TRUTH = mask(".....", ".###.", ".###.")
POINT = Point(x=2, y=2, positive=True, depth=1.0, ties=1)
FULL = torch.ones(3, 3, 5, dtype=torch.bool)


class Changed(ScriptedModel):
    """Returns predictions and encoded images that were changed."""

    def __init__(self, change=lambda results: results, change_encoded=lambda results: results):
        super().__init__([TRUTH] * 3)
        self.change, self.change_encoded = change, change_encoded

    def encode(self, images):
        return self.change_encoded(super().encode(images))

    def predict(self, requests):
        return self.change(super().predict(requests))


def part(**values):
    """Return a change of one part of each prediction."""
    return lambda predictions: [replace(prediction, **values) for prediction in predictions]


WRONG = {
    "a result too few": (lambda predictions: predictions[:-1], "number of predictions: expected 1, got 0"),
    "masks turned by a quarter": (part(masks_CHW=FULL.mT), r"masks_CHW: expected \(3, 3, 5\), got \(3, 5, 3\)"),
    "a mask too few": (part(masks_CHW=FULL[:2]), r"masks_CHW: expected \(3, 3, 5\), got \(2, 3, 5\)"),
    "logits for masks": (part(masks_CHW=FULL.float()), "type of masks_CHW: expected torch.bool, got torch.float32"),
    "scores of another axis": (
        part(predicted_iou_C=torch.zeros(3, 1)),
        r"predicted_iou_C: expected \(3,\), got \(3, 1\)",
    ),
    "a mask input too few": (part(mask_inputs_C=[None] * 2), "entries of mask_inputs_C: expected 3, got 2"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("block", [modes("whole_box"), clicks("ritm", 2)], ids=["modes", "clicks"])
def test_a_prediction_of_another_form_is_an_error_that_names_the_part(block, change, message):
    """Masks of another size with as many pixels, and numbers that would count as pixels, too."""
    with pytest.raises(DataError, match=f"output has the wrong form: {message}; mend or update the model's package"):
        run(Changed(change), [sample(TRUTH)], block)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda images: images[:-1], "number of encoded images: expected 1, got 0"),
        (
            lambda images: [replace(image, height=5, width=3) for image in images],
            r"height and width of an encoded image: expected \(3, 5\), got \(5, 3\)",
        ),
    ],
    ids=["an image too few", "turned by a quarter"],
)
def test_an_encoded_image_of_another_form_is_an_error(change, message):
    """Before any prompt."""
    image = sample(TRUTH)
    with pytest.raises(DataError, match=message):
        encode(Changed(change_encoded=change), [image], [image.image_HWC])


def test_a_single_mask_is_one():
    """Three where one was asked for are refused, whichever would have been taken."""
    model = Changed(lambda predictions: [replace(prediction, masks_CHW=FULL) for prediction in predictions])
    (image,) = model.encode([np.zeros((3, 5, 3), np.uint8)])
    with pytest.raises(DataError, match=r"expected \(1, 3, 5\), got \(3, 3, 5\)"):
        predict(model, [request(image, [POINT], None, multimask=False)], 4)


def test_a_predicted_iou_that_is_no_number_is_an_error_even_of_a_model_that_does_not_say():
    """NaN would count as the highest."""
    nan = torch.tensor([0.5, float("nan"), 0.5])
    with pytest.raises(DataError, match="output is not finite"):
        run(Changed(part(predicted_iou_C=nan)), [sample(TRUTH)], modes("whole_box"))
