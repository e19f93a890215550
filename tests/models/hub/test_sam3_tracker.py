"""SAM 3's tracker answers as its processor and model in `transformers` do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from job.models.hub.model import HubModel
from job.testing import ModelSuite, built, encode, make_request, random_image
from tests.models.hub.oracle import sam3_tracker_config, sam3_tracker_processor, saved
from tests.models.hub.suite import HubSuite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small tracker with random weights."""
    network = transformers.Sam3TrackerModel(sam3_tracker_config())
    return saved(network, sam3_tracker_processor(), tmp_path_factory.mktemp("sam3_tracker"))


class TestSam3Tracker(HubSuite, ModelSuite):
    """Small, with random weights."""

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, folder: Path) -> HubModel:
        model = built({"name": "sam3", "family": "sam3_tracker", "checkpoint": str(folder)})
        assert isinstance(model, HubModel)
        return model

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls, folder: Path) -> Any:
        return transformers.Sam3TrackerModel.from_pretrained(folder)

    @pytest.fixture(scope="class")
    @classmethod
    def processor(cls) -> Any:
        return sam3_tracker_processor()


def test_a_folder_with_a_detector_has_the_same_answers(folder: Path, tmp_path: Path) -> None:
    """The published folder: the tracker's weights below names of its own, the backbone among those of the detector."""
    config = json.loads((folder / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "sam3_video", "tracker_config": config}))
    (tmp_path / "processor_config.json").write_text((folder / "processor_config.json").read_text())
    network = transformers.Sam3TrackerModel.from_pretrained(folder)
    state = {name_beside_detector(name): value.clone() for name, value in network.state_dict().items()}
    state |= {"detector_model.text.weight": torch.ones(2), "tracker_model.memory_encoder.weight": torch.ones(2)}
    save_file(state, tmp_path / "model.safetensors")
    image = random_image(60, 61)
    alone, beside = (
        model.predict([make_request(encode(model, image)[0], [(9, 9)])])[0].masks_CHW
        for model in (
            built({"name": "m", "family": "sam3_tracker", "checkpoint": str(each)}) for each in (folder, tmp_path)
        )
    )
    assert torch.equal(alone, beside)


def name_beside_detector(name: str) -> str:
    """Return the name that a weight of the tracker has in a folder with a detector."""
    if name.startswith("vision_encoder.backbone."):
        return f"detector_model.{name}"
    if name.startswith("vision_encoder.neck."):
        return name.replace("vision_encoder.neck.", "tracker_neck.")
    return f"tracker_model.{name}"


def test_the_package_itself_saves_the_names_of_a_folder_with_a_detector(folder: Path) -> None:
    """So both kinds of folder have to be read."""
    assert any(name.startswith("tracker_model.") for name in load_file(folder / "model.safetensors"))
