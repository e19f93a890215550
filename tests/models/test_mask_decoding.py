"""Coordinates and padding of SAM and LiteMedSAM, by values computed by hand, in landscape and portrait."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from job.models.lite_medsam import LiteMedSamModel
from job.models.mask_decoding import MaskDecodingModel
from job.models.protocol import EncodedImage
from job.models.registry import build
from job.study.model import LiteMedSamClicks
from tests.models.requests import make_request, random_image

SIDES = {"sam": 1024, "lite_medsam_clicks": 256}
"""Of the square that each model's encoder takes."""
PORTRAIT, LANDSCAPE = (512, 256), (256, 512)


@pytest.fixture(params=SIDES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def model(family: str, request: pytest.FixtureRequest) -> MaskDecodingModel:
    model_of_family: MaskDecodingModel = request.getfixturevalue(family)
    return model_of_family


def without_content(height: int, width: int) -> EncodedImage:
    """An image that no test below encodes."""
    return EncodedImage(height=height, width=width, features=torch.zeros(256, 64, 64))


def embedded(model: MaskDecodingModel, *requests: Any) -> dict[str, Any]:
    """Decode requests; return the arguments that the prompt encoder got, and what it returned."""
    calls: list[dict[str, Any]] = []

    def record(module: Any, arguments: Any, keywords: dict[str, Any], output: Any) -> None:
        calls.append({**keywords, "output": output})

    handle = model.network.prompt_encoder.register_forward_hook(record, with_kwargs=True)
    try:
        model.logits(requests)
    finally:
        handle.remove()
    (call,) = calls
    return call


@pytest.mark.parametrize(("height", "width"), [PORTRAIT, LANDSCAPE])
def test_the_padding_is_right_or_below(model: MaskDecodingModel, family: str, height: int, width: int) -> None:
    """The longer side fills the square, the shorter one half of it, from the top left; the rest is zeros."""
    side = SIDES[family]
    prepared_CHW = model.prepare(random_image(height, width))
    rows, columns = (side, side // 2) if height > width else (side // 2, side)
    assert prepared_CHW.shape == (3, side, side)
    assert prepared_CHW[:, :rows, :columns].abs().sum(dim=0).count_nonzero() > 0.99 * rows * columns
    outside_CHW = prepared_CHW.clone()
    outside_CHW[:, :rows, :columns] = 0
    assert not outside_CHW.any()


@pytest.mark.parametrize(("height", "width"), [PORTRAIT, LANDSCAPE])
def test_the_padding_is_cropped_off_the_logits(model: MaskDecodingModel, height: int, width: int) -> None:
    """Logits of 256 x 256 hold the image in half of the square. Its top left quarter is positive, and so is the mask's.

    The padding holds large logits, which must not reach the mask.
    """
    low_res_HW = torch.full((256, 256), 99.0)
    rows, columns = (256, 128) if height > width else (128, 256)
    low_res_HW[:rows, :columns] = -1
    low_res_HW[: rows // 2, : columns // 2] = 1
    mask_HW = model.upscale(low_res_HW[None, None], height, width)[0, 0] > 0
    expected_HW = torch.zeros(height, width, dtype=torch.bool)
    expected_HW[: height // 2, : width // 2] = True
    edge = 8  # px beside the padding, into which bilinear interpolation mixes it
    inner = np.s_[: height - edge * (width > height), : width - edge * (height > width)]
    assert torch.equal(mask_HW[inner], expected_HW[inner])


@pytest.mark.parametrize(("height", "width"), [PORTRAIT, LANDSCAPE])
def test_coordinates_are_scaled_to_the_encoders_square(
    model: MaskDecodingModel, family: str, height: int, width: int
) -> None:
    """By side / 512: SAM doubles (100, 30) to (200, 60), LiteMedSAM halves it to (50, 15); (x, y) is kept."""
    image, scale = without_content(height, width), SIDES[family] / 512
    call = embedded(model, make_request(image, [(100, 30), (6, 250)], [1, 0], box=(10, 20, 200, 40)))
    coords_1N2, labels_1N = call["points"]
    assert coords_1N2.tolist() == [[[100 * scale, 30 * scale], [6 * scale, 250 * scale]]]
    assert labels_1N.tolist() == [[1, 0]]
    assert call["boxes"].reshape(-1).tolist() == [10 * scale, 20 * scale, 200 * scale, 40 * scale]


@pytest.fixture(scope="module")
def bfloat16_model(clicks_checkpoint: Any) -> LiteMedSamModel:
    spec = LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")
    model = build(spec, clicks_checkpoint, torch.device("cpu"), "bf16")
    assert isinstance(model, LiteMedSamModel)
    return model


@pytest.mark.parametrize(
    "prompt",
    [
        {"points": [(101, 31), (7, 250)], "labels": [1, 0]},
        {"box": (11, 21, 203, 41)},
        {"points": [(101, 31)], "mask_input": torch.linspace(-9, 9, 256 * 256).reshape(1, 256, 256)},
    ],
    ids=["points", "a box", "a mask input"],
)
def test_prompts_are_embedded_in_float32_also_under_bfloat16(
    lite_medsam_clicks: LiteMedSamModel, bfloat16_model: LiteMedSamModel, prompt: dict[str, Any]
) -> None:
    """Both embeddings equal those of the float32 model to the last bit: bfloat16 would move a point by pixels."""
    request = make_request(without_content(*PORTRAIT), **prompt)
    lower, full = (embedded(model, request)["output"] for model in (bfloat16_model, lite_medsam_clicks))
    for lower_embedding, full_embedding in zip(lower, full, strict=True):
        assert lower_embedding.dtype == torch.float32
        assert torch.equal(lower_embedding, full_embedding)


def test_the_decoder_runs_in_bfloat16_if_asked(
    lite_medsam_clicks: LiteMedSamModel, bfloat16_model: LiteMedSamModel
) -> None:
    """Its logits come back in float32, and differ from those of the float32 model by rounding."""
    request = make_request(without_content(*PORTRAIT), [(101, 31)])
    lower, full = (model.logits([request])[0].low_res_CHW for model in (bfloat16_model, lite_medsam_clicks))
    assert lower.dtype == torch.float32
    assert 0 < (lower - full).abs().max() < 0.1 * full.abs().max()
