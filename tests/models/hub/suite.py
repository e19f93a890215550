"""What each family of this room holds beside the suite of all models: the answers of `transformers`, without waits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.testing import assert_close

from job.models.hub.model import HubModel
from job.testing import encode, make_request, random_image
from tests.models.hub.oracle import answer
from tests.models.hub.prompts import PROMPTS, SIZES
from tests.models.waits import counted


class HubSuite:
    """A subclass has the fixtures `model`, `reference`, the network as the package itself loads it, and `processor`.

    multimasks: how many candidates the family has: one, three, or both.
    """

    multimasks: tuple[bool, ...] = (True, False)

    @pytest.mark.parametrize("size", SIZES)
    def test_the_encoder_gets_the_pixels_of_the_authors_processor(
        self, model: HubModel, processor: Any, size: str
    ) -> None:
        """To the last bit, whether an image is enlarged or made smaller."""
        image = random_image(*SIZES[size])
        expected = processor(images=image, return_tensors="pt")["pixel_values"]
        assert torch.equal(model.encoder_input([model.prepare(image)]), expected)

    @pytest.mark.parametrize("prompt", PROMPTS)
    def test_images_together_have_the_logits_of_each_alone_in_transformers(
        self, model: HubModel, reference: Any, processor: Any, prompt: str
    ) -> None:
        """Within 1e-4 of the largest logit, upscaled ones too, for prompts on images of several sizes in one call."""
        images = [random_image(*size) for size in SIZES.values()]
        encoded = encode(model, *images)
        asked = [
            (image, make_request(each, **PROMPTS[prompt], multimask=multimask))
            for image, each in zip(images, encoded, strict=True)
            for multimask in self.multimasks
        ]
        for (image, request), logits in zip(asked, model.logits([request for _, request in asked]), strict=True):
            low_res, iou, upscaled = answer(reference, processor, image, request)
            assert_close(logits.low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))
            assert_close(logits.predicted_iou_C, iou, rtol=0, atol=1e-4)
            found = model.upscale(logits.low_res_CHW[None], *image.shape[:2])[0]
            assert_close(found, upscaled, rtol=0, atol=1e-4 * float(upscaled.abs().max()))

    def test_nothing_waits_for_the_device(self, model: HubModel) -> None:
        """Neither encoding images of two sizes, once the host has resized them, nor any form of prompt."""
        prepared = [model.prepare(random_image(60, 80)), model.prepare(random_image(64, 48))]
        with counted() as found:
            images = model.encode(prepared)
            model.predict([make_request(image, **prompt) for image in images for prompt in PROMPTS.values()])
        assert found == []
