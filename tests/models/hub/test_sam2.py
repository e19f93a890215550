"""SAM 2 answers as its processor and model in `transformers` do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.testing import assert_close

from job.models.hub.model import HubModel
from job.testing import ModelSuite, built, encode, make_request, random_image
from tests.models.hub.oracle import answer, sam2_config, sam2_processor, saved
from tests.models.hub.prompts import PROMPTS, SIZES
from tests.models.waits import counted


class TestConformance(ModelSuite):
    """The suite of all models."""

    @pytest.fixture(scope="class")
    def model(self, sam2: HubModel) -> HubModel:
        return sam2


@pytest.fixture(scope="module")
def reference(sam2_folder: Path) -> Any:
    """The network, as `transformers` itself loads the folder."""
    return transformers.Sam2Model.from_pretrained(sam2_folder)


@pytest.mark.parametrize("size", SIZES)
def test_the_encoder_gets_the_pixels_of_the_authors_processor(sam2: HubModel, size: str) -> None:
    """To the last bit, whether an image is enlarged or made smaller."""
    image = random_image(*SIZES[size])
    expected = sam2_processor()(images=image, return_tensors="pt")["pixel_values"]
    assert torch.equal(sam2.encoder_input([sam2.prepare(image)]), expected)


@pytest.mark.parametrize("multimask", [True, False])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_all_images_together_have_the_logits_of_each_alone_in_transformers(
    sam2: HubModel, reference: Any, prompt: str, multimask: bool
) -> None:
    """Within 1e-4 of the largest logit, upscaled ones too, for prompts on images of several sizes in one call."""
    images = [random_image(*size) for size in SIZES.values()]
    requests = [make_request(each, **PROMPTS[prompt], multimask=multimask) for each in encode(sam2, *images)]
    for image, request, logits in zip(images, requests, sam2.logits(requests), strict=True):
        low_res, iou, upscaled = answer(reference, sam2_processor(), image, request)
        assert_close(logits.low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))
        assert_close(logits.predicted_iou_C, iou, rtol=0, atol=1e-4)
        found = sam2.upscale(logits.low_res_CHW[None], *image.shape[:2])[0]
        assert_close(found, upscaled, rtol=0, atol=1e-4 * float(upscaled.abs().max()))


def test_the_mask_input_is_clamped_as_the_authors_predictor_does(sam2: HubModel) -> None:
    """To logits from -32 to 32."""
    assert torch.stack(list(sam2.mask_inputs(torch.tensor([[[-40.0, 3.0], [31.0, 90.0]]])))).tolist() == [
        [[[-32.0, 3.0], [31.0, 32.0]]]
    ]


def test_nothing_waits_for_the_device(sam2: HubModel) -> None:
    """Neither encoding images of two sizes, once the host has resized them, nor any form of prompt."""
    prepared = [sam2.prepare(random_image(60, 80)), sam2.prepare(random_image(64, 48))]
    with counted() as found:
        images = sam2.encode(prepared)
        sam2.predict([make_request(image, **prompt) for image in images for prompt in PROMPTS.values()])
    assert found == []


def test_a_checkpoint_for_videos_has_the_same_answers(tmp_path: Path) -> None:
    """What only videos need is left out; the published folders are of this kind."""
    video = transformers.Sam2VideoModel(sam2_config(of="Sam2Video"))
    folder = saved(video, sam2_processor(), tmp_path)
    model = built({"name": "v", "family": "sam2", "checkpoint": str(folder)})
    image = random_image(60, 61)
    request = make_request(encode(model, image)[0], [(41, 31)], multimask=True)
    reference = transformers.Sam2Model.from_pretrained(folder)
    low_res, _, _ = answer(reference, sam2_processor(), image, request)
    assert isinstance(model, HubModel)
    assert_close(model.logits([request])[0].low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))
