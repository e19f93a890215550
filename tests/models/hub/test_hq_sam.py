"""HQ-SAM answers as its processor and model in `transformers` do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch.testing import assert_close

from job.errors import WeightsError
from job.models.families.hq_sam import HqSam
from job.models.hub.model import HubModel
from job.models.registry import check
from job.testing import ModelSuite, built, encode, make_request, random_image
from tests.models.hub.oracle import answer, hq_sam_config, hq_sam_processor, saved
from tests.models.hub.prompts import PROMPTS, SIZES
from tests.models.waits import counted


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small HQ-SAM with random weights."""
    return saved(transformers.SamHQModel(hq_sam_config()), hq_sam_processor(), tmp_path_factory.mktemp("hq_sam"))


@pytest.fixture(scope="module")
def hq_sam(folder: Path) -> HubModel:
    model = built({"name": "hq", "family": "hq_sam", "checkpoint": str(folder)})
    assert isinstance(model, HubModel)
    return model


@pytest.fixture(scope="module")
def reference(folder: Path) -> Any:
    """The network, as `transformers` itself loads the folder."""
    return transformers.SamHQModel.from_pretrained(folder)


class TestConformance(ModelSuite):
    """The suite of all models."""

    sizes = ((16, 16), (16, 256), (97, 131), (131, 97))

    @pytest.fixture(scope="class")
    def model(self, hq_sam: HubModel) -> HubModel:
        return hq_sam


@pytest.mark.parametrize("size", SIZES)
def test_the_encoder_gets_the_pixels_of_the_authors_processor(hq_sam: HubModel, size: str) -> None:
    """To the last bit, with zeros right and below."""
    image = random_image(*SIZES[size])
    expected = hq_sam_processor()(images=image, return_tensors="pt")["pixel_values"]
    assert torch.equal(hq_sam.encoder_input([hq_sam.prepare(image)]), expected)


@pytest.mark.parametrize("token_only", [False, True])
@pytest.mark.parametrize("prompt", PROMPTS)
def test_all_images_together_have_the_logits_of_each_alone_in_transformers(
    folder: Path, reference: Any, prompt: str, token_only: bool
) -> None:
    """Within 1e-4 of the largest logit, upscaled ones too; SAM's mask and the token's, or the token's alone."""
    spec = {"name": "hq", "family": "hq_sam", "checkpoint": str(folder), "hq_sam": {"token_only": token_only}}
    model: Any = built(spec)
    images = [random_image(*size) for size in SIZES.values()]
    requests = [make_request(each, **PROMPTS[prompt]) for each in encode(model, *images)]
    for image, request, logits in zip(images, requests, model.logits(requests), strict=True):
        low_res, iou, upscaled = answer(reference, hq_sam_processor(), image, request, hq_token_only=token_only)
        assert_close(logits.low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))
        assert_close(logits.predicted_iou_C, iou, rtol=0, atol=1e-4)
        found = model.upscale(logits.low_res_CHW[None], *image.shape[:2])[0]
        assert_close(found, upscaled, rtol=0, atol=1e-4 * float(upscaled.abs().max()))


def test_nothing_waits_for_the_device(hq_sam: HubModel) -> None:
    """Neither encoding images of two sizes, once the host has resized them, nor any form of prompt."""
    prepared = [hq_sam.prepare(random_image(60, 80)), hq_sam.prepare(random_image(64, 48))]
    with counted() as found:
        images = hq_sam.encode(prepared)
        hq_sam.predict([make_request(image, **prompt) for image in images for prompt in PROMPTS.values()])
    assert found == []


def test_the_check_reads_the_folder(folder: Path, sam2_folder: Path, tmp_path: Path) -> None:
    """Without the values of the weights; a folder of another model and a file are refused."""
    check(HqSam(name="hq", family="hq_sam", checkpoint="x"), folder)
    with pytest.raises(WeightsError, match="expected model_type sam_hq, got sam2"):
        check(HqSam(name="hq", family="hq_sam", checkpoint="x"), sam2_folder)
    torch.save({}, tmp_path / "sam_hq_vit_b.pth")
    with pytest.raises(WeightsError, match=r"expected a folder with config\.json and weights, got a file"):
        check(HqSam(name="hq", family="hq_sam", checkpoint="x"), tmp_path / "sam_hq_vit_b.pth")
