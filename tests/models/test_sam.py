"""SAM returns what its authors' `SamPredictor` returns for the same weights."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from segment_anything import SamPredictor, sam_model_registry

from job.models.device import Device
from job.models.families.sam import CAPABILITIES, Sam
from job.models.protocol import EncodedImage, Image, Request
from job.models.registry import build
from job.models.sam import SamModel
from job.testing import encode, make_request, random_image
from tests.models.compare import assert_close
from tests.models.requests import randomise

IMAGES = {
    "landscape": random_image(40, 60, seed=1),
    "portrait": random_image(61, 42, seed=4),
    "large portrait": random_image(1100, 930, seed=2),
}
TOLERANCE = 1e-4
FED_BACK = torch.nn.functional.interpolate(  # smooth blobs of logits as large as a trained SAM's
    20 * torch.randn((1, 1, 9, 9), generator=torch.Generator().manual_seed(3)), (256, 256), mode="bilinear"
)[0]
PROMPTS: dict[str, dict[str, Any]] = {
    "one point": {"points": [(11, 7)]},
    "points, some negative": {"points": [(11, 7), (30, 39), (0, 0), (41, 20)], "labels": [1, 0, 0, 1]},
    "a box": {"box": (5, 6, 40, 31)},
    "a box and points": {"box": (5, 6, 40, 31), "points": [(11, 7), (20, 20)], "labels": [1, 0]},
    "a point and fed-back logits": {"points": [(11, 7)], "mask_input": FED_BACK},
    "a box and fed-back logits": {"box": (5, 6, 40, 31), "mask_input": FED_BACK},
}

BOTH = "a box and points"
"""Enough on other images: boxes and points are scaled by an image's size, and logits are cut to it."""


def reference(predictor: SamPredictor, request: Request) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return upscaled logits CxHxW, predicted IoU C and low-resolution logits Cx256x256, by the authors' code."""
    return predictor.predict(
        point_coords=request.points_N2 if len(request.points_N2) else None,
        point_labels=request.labels_N if len(request.points_N2) else None,
        box=request.box_4,
        mask_input=None if request.mask_input is None else request.mask_input.numpy(),
        multimask_output=request.multimask,
        return_logits=True,
    )


def assert_equals_predictor(model: SamModel, predictor: SamPredictor, request: Request) -> None:
    logits_CHW, predicted_iou_C, low_res_CHW = reference(predictor, request)
    assert logits_CHW.min() < 0 < logits_CHW.max()
    decoded = model.logits([request])[0]
    upscaled_NCHW = model.upscale(decoded.low_res_CHW[None], request.image.height, request.image.width)
    assert_close(decoded.low_res_CHW, low_res_CHW, TOLERANCE)
    assert_close(decoded.predicted_iou_C, predicted_iou_C, TOLERANCE)
    assert_close(upscaled_NCHW[0], logits_CHW, TOLERANCE)
    assert (model.predict([request])[0].masks_CHW.numpy() != (logits_CHW > 0)).mean() < 1e-4


@pytest.fixture(scope="module")
def encoded(sam: SamModel) -> dict[str, EncodedImage]:
    return dict(zip(IMAGES, encode(sam, *IMAGES.values()), strict=True))


@pytest.fixture(scope="module")
def predictors(sam: SamModel) -> dict[str, SamPredictor]:
    def predictor_of(image: Image) -> SamPredictor:
        predictor = SamPredictor(sam.network)
        predictor.set_image(image)
        return predictor

    return {name: predictor_of(image) for name, image in IMAGES.items()}


@pytest.mark.parametrize("multimask", [True, False], ids=["three masks", "single mask"])
@pytest.mark.parametrize(
    ("image", "prompt"),
    [*(("landscape", prompt) for prompt in PROMPTS), ("portrait", BOTH), ("large portrait", BOTH)],
)
def test_equals_the_authors_predictor(
    sam: SamModel,
    encoded: dict[str, EncodedImage],
    predictors: dict[str, SamPredictor],
    image: str,
    prompt: str,
    multimask: bool,
) -> None:
    """Low-resolution logits, predicted IoU, upscaled logits and masks equal those of `SamPredictor`."""
    request = make_request(encoded[image], **PROMPTS[prompt], multimask=multimask)
    assert_equals_predictor(sam, predictors[image], request)


def test_requests_on_several_images_share_decoder_calls(sam: SamModel, encoded: dict[str, EncodedImage]) -> None:
    """All prompts on all images in one call, of three masks or of one in turn, have the logits that each has alone."""
    requests = [
        make_request(image, **prompt, multimask=(place + other) % 2 == 0)
        for place, prompt in enumerate(PROMPTS.values())
        for other, image in enumerate(encoded.values())
    ]
    for request, together in zip(requests, sam.logits(requests), strict=True):
        alone = sam.logits([request])[0]
        assert_close(together.low_res_CHW, alone.low_res_CHW, TOLERANCE)
        assert_close(together.predicted_iou_C, alone.predicted_iou_C, TOLERANCE)


def test_requests_with_equal_numbers_of_points_share_a_decoder_call(
    sam: SamModel, encoded: dict[str, EncodedImage], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two images with one point each take one call; two points take another, because points are never padded."""
    sizes: list[int] = []
    decode = sam._decode
    monkeypatch.setattr(sam, "_decode", lambda requests: sizes.append(len(requests)) or decode(requests))
    images = encoded["landscape"], encoded["portrait"]
    one_point = [make_request(image, [(11, 7)]) for image in images]
    two_points = [make_request(image, [(11, 7), (3, 3)]) for image in images]
    sam.logits([one_point[0], two_points[0], one_point[1], two_points[1]])
    assert sizes == [2, 2]


def test_the_mask_input_is_the_candidates_own_logits(sam: SamModel, encoded: dict[str, EncodedImage]) -> None:
    """It is 1x256x256: the low-resolution logits of that candidate, not clamped."""
    request = make_request(encoded["landscape"], [(11, 7)], multimask=True)
    for mask_input, low_res_HW in zip(
        sam.predict([request])[0].mask_inputs_C, sam.logits([request])[0].low_res_CHW, strict=True
    ):
        assert torch.equal(mask_input, low_res_HW[None])


def test_bfloat16_outlines_the_same_object(sam: SamModel, encoded: dict[str, EncodedImage]) -> None:
    """Autocast reaches the decoder, and its logits stay within a tenth of float32."""
    network = copy.deepcopy(sam.network)  # a model in bfloat16 casts weights of its network
    lower = SamModel(network, capabilities=CAPABILITIES, device=Device.of(torch.device("cpu"), "bf16"))
    request = make_request(encoded["landscape"], [(11, 7)], multimask=True)
    full, half = sam.logits([request])[0].low_res_CHW, lower.logits([request])[0].low_res_CHW
    assert half.dtype == torch.float32
    assert 0 < (half - full).abs().max() < 0.1 * full.abs().max()


PARAMETERS = {"vit_b": 93_735_472, "vit_l": 312_342_832, "vit_h": 641_090_608}


@pytest.mark.parametrize(
    "arch", ["vit_b", pytest.param("vit_l", marks=pytest.mark.long), pytest.param("vit_h", marks=pytest.mark.long)]
)
def test_a_whole_network_equals_the_authors(arch: str, tmp_path: Path) -> None:
    """Every published size is loaded with its keys and shapes, and encodes and decodes as the authors' code does."""
    network = sam_model_registry[arch]()
    randomise(network)
    checkpoint = tmp_path / f"{arch}.pth"
    torch.save(network.state_dict(), checkpoint)
    spec = Sam(name="sam", family="sam", arch=arch, checkpoint=str(checkpoint))
    model = build(spec, checkpoint, torch.device("cpu"), "fp32")
    assert isinstance(model, SamModel)
    assert sum(weight.numel() for weight in model.network.parameters()) == PARAMETERS[arch]
    predictor = SamPredictor(network.eval())
    image = IMAGES["landscape"]
    predictor.set_image(image)
    request = make_request(encode(model, image)[0], [(11, 7)], multimask=True)
    assert_equals_predictor(model, predictor, request)
