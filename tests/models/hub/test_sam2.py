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
from tests.models.hub.suite import HubSuite


class TestSam2(HubSuite, ModelSuite):
    """Small, with random weights."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, sam2: HubModel) -> HubModel:
        return sam2

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, sam2_folder: Path) -> Any:
        return transformers.Sam2Model.from_pretrained(sam2_folder)

    @pytest.fixture(scope="class")
    @classmethod
    def processor(cls) -> Any:
        return sam2_processor()


def test_the_mask_input_is_clamped_as_the_authors_predictor_does(sam2: HubModel) -> None:
    """To logits from -32 to 32."""
    logits_CHW = torch.tensor([[[-40.0, 3.0], [31.0, 90.0]]])
    assert torch.stack(list(sam2.mask_inputs(logits_CHW))).tolist() == [[[[-32.0, 3.0], [31.0, 32.0]]]]


def test_a_checkpoint_for_videos_has_the_same_answers(tmp_path: Path) -> None:
    """What only videos need is left out; the published folders are of this kind."""
    video = transformers.Sam2VideoModel(sam2_config(of="Sam2Video"))
    folder = saved(video, sam2_processor(), tmp_path)
    model: Any = built({"name": "v", "family": "sam2", "checkpoint": str(folder)})
    image = random_image(60, 61)
    request = make_request(encode(model, image)[0], [(41, 31)], multimask=True)
    reference = transformers.Sam2Model.from_pretrained(folder)
    low_res, _, _ = answer(reference, sam2_processor(), image, request)
    assert_close(model.logits([request])[0].low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))
