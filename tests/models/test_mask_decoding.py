"""Coordinates and padding of SAM and LiteMedSAM, by values computed by hand, in landscape and portrait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor

from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.lite_medsam import LiteMedSamModel
from job.models.mask_decoding import MaskDecodingModel
from job.models.prompt_embedding import FIRST_CORNER, LAST_CORNER, NEGATIVE, POSITIVE, PromptEmbedding
from job.models.protocol import EncodedImage, Request
from job.models.registry import build
from job.testing import make_request, random_image
from tests.models.requests import encoder_input

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


def authors_embedding(model: MaskDecodingModel, requests: list[Request]) -> tuple[torch.Tensor, torch.Tensor]:
    """Embed prompts of one form by the authors' code: (N, K, 256) of points and corners, (N, 256, 64, 64) of masks."""
    sizes = [(request.image.height, request.image.width) for request in requests]
    points = boxes = masks = None
    if len(requests[0].points_N2):
        coords = [
            ResizeLongestSide(model.side).apply_coords(request.points_N2, size)
            for request, size in zip(requests, sizes, strict=True)
        ]
        labels = [request.labels_N for request in requests]
        points = torch.as_tensor(np.stack(coords), dtype=torch.float32), torch.as_tensor(np.stack(labels))
    if requests[0].box_4 is not None:
        corners = [
            ResizeLongestSide(model.side).apply_boxes(request.box_4, size)
            for request, size in zip(requests, sizes, strict=True)
        ]
        boxes = torch.as_tensor(np.concatenate(corners), dtype=torch.float32)
    if requests[0].mask_input is not None:
        masks = torch.stack([request.mask_input for request in requests])
    with torch.inference_mode():
        return model.network.prompt_encoder(points=points, boxes=boxes, masks=masks)


@pytest.mark.parametrize(("height", "width"), [PORTRAIT, LANDSCAPE])
def test_the_padding_is_right_or_below(model: MaskDecodingModel, family: str, height: int, width: int) -> None:
    """The longer side fills the square, the shorter one half of it, from the top left; the rest is zeros."""
    side = SIDES[family]
    prepared_CHW = encoder_input(model, random_image(height, width))
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
    request = make_request(image, [(100, 30), (6, 250)], [1, 0], box=(10, 20, 200, 40))
    [placed_K3] = model.prompts.placed([request]).numpy()
    expected_K2 = np.array([(100, 30), (6, 250), (10, 20), (200, 40)]) * scale + 0.5
    assert placed_K3[:, :2].tolist() == expected_K2.tolist()
    assert placed_K3[:, 2].tolist() == [POSITIVE, NEGATIVE, FIRST_CORNER, LAST_CORNER]


PROMPTS = {
    "a point": {"points": [(101, 31)]},
    "points": {"points": [(101, 31), (7, 250), (3, 9)], "labels": [1, 0, 1]},
    "a box": {"box": (11, 21, 203, 41)},
    "a box and points": {"points": [(101, 31), (7, 250)], "labels": [0, 1], "box": (11, 21, 203, 41)},
    "a mask input": {"points": [(101, 31)], "mask_input": torch.linspace(-9, 9, 256 * 256).reshape(1, 256, 256)},
}


@pytest.mark.parametrize("prompt", PROMPTS)
def test_prompts_are_embedded_as_the_authors_do(model: MaskDecodingModel, prompt: str) -> None:
    """Every embedding equals theirs to the last bit, for two images of different sizes."""
    requests = [make_request(without_content(*size), **PROMPTS[prompt]) for size in (PORTRAIT, LANDSCAPE)]
    sparse_NKD, dense_NDHW = authors_embedding(model, requests)
    with torch.inference_mode():
        points, masks = embedded(model.prompts, requests)
        assert torch.equal(points, sparse_NKD)
        assert torch.equal(masks.expand_as(dense_NDHW), dense_NDHW)


def embedded(prompts: PromptEmbedding, requests: Sequence[Request]) -> tuple[Tensor, Tensor]:
    """Return the embeddings of points and boxes, and of mask inputs."""
    inputs = [request.mask_input for request in requests if request.mask_input is not None]
    of_masks = prompts.of_mask_inputs(torch.stack(inputs) if inputs else None)
    return prompts.of_points_and_boxes(prompts.placed(requests)), of_masks


@pytest.fixture(scope="module")
def bfloat16_model(clicks_checkpoint: Any) -> LiteMedSamModel:
    spec = LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")
    model = build(spec, clicks_checkpoint, torch.device("cpu"), "bf16")
    assert isinstance(model, LiteMedSamModel)
    return model


@pytest.mark.parametrize("prompt", PROMPTS)
def test_prompts_are_embedded_in_float32_also_under_bfloat16(
    lite_medsam_clicks: LiteMedSamModel, bfloat16_model: LiteMedSamModel, prompt: str
) -> None:
    """Both embeddings equal those of the float32 model to the last bit: bfloat16 would move a point by pixels."""
    request = make_request(without_content(*PORTRAIT), **PROMPTS[prompt])
    lower, full = (embedded(model.prompts, [request]) for model in (bfloat16_model, lite_medsam_clicks))
    assert torch.equal(lower[0], full[0])
    assert torch.equal(lower[1], full[1])
    assert lower[0].dtype == lower[1].dtype == torch.float32


def test_the_decoder_runs_in_bfloat16_if_asked(
    lite_medsam_clicks: LiteMedSamModel, bfloat16_model: LiteMedSamModel
) -> None:
    """Its logits come back in float32, and differ from those of the float32 model by rounding."""
    request = make_request(without_content(*PORTRAIT), [(101, 31)])
    lower, full = (model.logits([request])[0].low_res_CHW for model in (bfloat16_model, lite_medsam_clicks))
    assert lower.dtype == torch.float32
    assert 0 < (lower - full).abs().max() < 0.1 * full.abs().max()
