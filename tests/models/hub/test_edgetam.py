"""EdgeTAM answers as its processor and model in `transformers` do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import transformers

from job.errors import WeightsError
from job.models.families.edgetam import EdgeTam
from job.models.hub.model import HubModel
from job.models.registry import check
from job.testing import ModelSuite, built
from tests.models.hub.oracle import edgetam_config, sam2_processor, saved
from tests.models.hub.suite import HubSuite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An EdgeTAM with random weights."""
    network = transformers.EdgeTamModel(edgetam_config())
    return saved(network, sam2_processor(), tmp_path_factory.mktemp("edgetam"))


class TestEdgeTam(HubSuite, ModelSuite):
    """With a small decoder, and random weights."""

    sizes = ((16, 256), (131, 97))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, folder: Path) -> HubModel:
        model = built({"name": "edge", "family": "edgetam", "checkpoint": str(folder)})
        assert isinstance(model, HubModel)
        return model

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, folder: Path) -> Any:
        return transformers.EdgeTamModel.from_pretrained(folder)

    @pytest.fixture(scope="class")
    @classmethod
    def processor(cls) -> Any:
        return sam2_processor()


def test_a_checkpoint_for_videos_passes_the_check(tmp_path: Path) -> None:
    """What only videos need is left out; the published folder is of this kind."""
    folder = saved(transformers.EdgeTamVideoModel(edgetam_config(of="EdgeTamVideo")), sam2_processor(), tmp_path)
    check(EdgeTam(name="edge", family="edgetam", checkpoint="x"), folder)


@pytest.mark.parametrize("key", ["architecture", "model_args"])
def test_only_the_authors_encoder_is_built(folder: Path, tmp_path: Path, key: str) -> None:
    """By a name, the package would build any network of timm, fetch it, or read a file of weights."""
    config = json.loads((folder / "config.json").read_text())
    backbone = config["vision_config"]["backbone_config"]
    backbone[key] = "hf-hub:someone/model" if key == "architecture" else {"checkpoint_path": "weights.pth"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").symlink_to(folder / "model.safetensors")
    with pytest.raises(WeightsError, match=f"config.json: {key}: expected .*; not supported"):
        check(EdgeTam(name="edge", family="edgetam", checkpoint="x"), tmp_path)
