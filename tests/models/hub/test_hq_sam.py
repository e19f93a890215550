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
from tests.models.hub.suite import HubSuite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small HQ-SAM with random weights."""
    return saved(transformers.SamHQModel(hq_sam_config()), hq_sam_processor(), tmp_path_factory.mktemp("hq_sam"))


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Any:
    """The network, as `transformers` itself loads the folder."""
    return transformers.SamHQModel.from_pretrained(folder)


class TestHqSam(HubSuite, ModelSuite):
    """One mask: its authors' predictor returns no others."""

    sizes = ((16, 16), (16, 256), (97, 131), (131, 97))
    multimasks = (False,)

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, folder: Path) -> HubModel:
        model = built({"name": "hq", "family": "hq_sam", "checkpoint": str(folder)})
        assert isinstance(model, HubModel)
        return model

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, loaded: Any) -> Any:
        return loaded

    @pytest.fixture(scope="class")
    @classmethod
    def processor(cls) -> Any:
        return hq_sam_processor()


def test_the_mask_may_be_the_tokens_alone(folder: Path, loaded: Any) -> None:
    """By the option of the authors' predictor."""
    spec = {"name": "hq", "family": "hq_sam", "checkpoint": str(folder), "hq_sam": {"token_only": True}}
    model: Any = built(spec)
    image = random_image(60, 61)
    request = make_request(encode(model, image)[0], [(41, 31)])
    low_res, _, _ = answer(loaded, hq_sam_processor(), image, request, hq_token_only=True)
    assert_close(model.logits([request])[0].low_res_CHW, low_res, rtol=0, atol=1e-4 * float(low_res.abs().max()))


def test_the_check_reads_the_folder(folder: Path, sam2_folder: Path, tmp_path: Path) -> None:
    """Without the values of the weights; a folder of another model and a file are refused."""
    spec = HqSam(name="hq", family="hq_sam", checkpoint="x")
    check(spec, folder)
    with pytest.raises(WeightsError, match="expected model_type sam_hq, got sam2"):
        check(spec, sam2_folder)
    torch.save({}, tmp_path / "sam_hq_vit_b.pth")
    with pytest.raises(WeightsError, match=r"expected a folder with config\.json and weights, got a file"):
        check(spec, tmp_path / "sam_hq_vit_b.pth")
