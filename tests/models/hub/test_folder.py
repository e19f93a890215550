"""Folders as the hub lays them out: what is read, and what is refused by name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from job.errors import WeightsError
from job.models.families.sam2 import Sam2
from job.models.hub.folder import weight_files
from job.models.registry import check
from job.testing import built, encode, make_request, random_image


@pytest.fixture
def folder(sam2_folder: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(sam2_folder, tmp_path / "copy"))


def spec(folder: Path, **keys: Any) -> Sam2:
    return Sam2(name="m", family="sam2", checkpoint=str(folder), **keys)


def change(path: Path, **values: Any) -> None:
    """Change top-level keys of a JSON file."""
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def refused(folder: Path, match: str, **keys: Any) -> None:
    """Assert that the check refuses a folder, and the build too."""
    with pytest.raises(WeightsError, match=match):
        check(spec(folder, **keys), folder)
    with pytest.raises(WeightsError, match=match):
        built({"name": "m", "family": "sam2", "checkpoint": str(folder), **keys})


def test_a_sound_folder_passes(folder: Path) -> None:
    """The check builds the network on torch's device meta."""
    check(spec(folder), folder)


def test_a_config_of_another_model_is_refused(folder: Path) -> None:
    """The error names both model types."""
    change(folder / "config.json", model_type="sam")
    refused(folder, "expected model_type sam2 or sam2_video, got sam; correct family or checkpoint")


@pytest.mark.parametrize("key", ["auto_map", "trust_remote_code"])
def test_a_config_that_names_code_is_refused(folder: Path, key: str) -> None:
    """At any depth; it is never asked for and never run."""
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["backbone_config"][key] = {"AutoModel": "code.Model"}
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, f"{key} names code that comes with the checkpoint, which is never run")


def test_another_encoder_is_refused(folder: Path) -> None:
    """A config may name any model of the package as its backbone; SAM 2 has one."""
    config = json.loads((folder / "config.json").read_text())
    config["vision_config"]["backbone_config"]["model_type"] = "timm_wrapper"
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, "expected a sam2_hiera_det_model, got timm_wrapper")


def test_a_value_that_the_package_refuses_is_named(folder: Path) -> None:
    """Whatever exception it raises."""
    change(folder / "config.json", mask_decoder_config={"hidden_size": "many"})
    refused(folder, "config.json: .*hidden_size")


def test_weights_of_another_architecture_are_refused(folder: Path) -> None:
    """The config decides; keys and shapes are compared with it."""
    config = json.loads((folder / "config.json").read_text())
    config["mask_decoder_config"]["mlp_dim"] = 96
    (folder / "config.json").write_text(json.dumps(config))
    refused(folder, r"as sam2: weights and architecture do not match; wrong shape: mask_decoder\.transformer")


def test_missing_and_unexpected_weights_are_named(folder: Path) -> None:
    """Those for videos too, if the config is for images."""
    state = load_file(folder / "model.safetensors")
    state["memory_extra"] = state.pop("no_memory_embedding")
    save_file(state, folder / "model.safetensors")
    refused(folder, "missing: no_memory_embedding; unexpected: memory_extra")


def test_pickled_weights_are_not_read(folder: Path) -> None:
    """A folder without safetensors has no weights."""
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    refused(folder, "expected model.safetensors, got no such file; weights of other formats are not read")


@pytest.mark.parametrize("name", ["config.json", "processor_config.json"])
def test_a_missing_or_damaged_file_of_settings_is_named(folder: Path, name: str) -> None:
    """With what a folder should have."""
    (folder / name).write_text("{")
    refused(folder, f"{name}: expected JSON")
    (folder / name).unlink()
    refused(folder, "no such file; expected a folder as the hub lays it out")


def test_preprocessing_that_is_not_done_here_is_refused(folder: Path) -> None:
    """Such as another filter: the pixels would not be those that the folder asks for."""
    settings = json.loads((folder / "processor_config.json").read_text())
    settings["image_processor"]["resample"] = 3
    (folder / "processor_config.json").write_text(json.dumps(settings))
    refused(folder, "resample: expected 2, got 3; this checkpoint is not supported")


def test_older_folders_have_the_settings_of_images_in_a_file_of_their_own(folder: Path) -> None:
    """preprocessor_config.json."""
    settings = json.loads((folder / "processor_config.json").read_text())
    (folder / "processor_config.json").unlink()
    (folder / "preprocessor_config.json").write_text(
        json.dumps(settings["image_processor"] | {"image_mean": [0.5] * 3})
    )
    model: Any = built({"name": "m", "family": "sam2", "checkpoint": str(folder)})
    assert model.preprocessing.mean == (0.5, 0.5, 0.5)


def test_a_folder_states_its_architecture(folder: Path) -> None:
    """So the spec does not."""
    refused(folder, "leave out arch and image_size", arch="hiera_tiny")


def test_weights_in_several_files_are_those_of_one(folder: Path, sam2_folder: Path) -> None:
    """With their index, as the package saves large models."""
    (folder / "model.safetensors").unlink()
    transformers.Sam2Model.from_pretrained(sam2_folder).save_pretrained(folder, max_shard_size="200KB")
    assert len(weight_files(folder)) > 1
    image = random_image(60, 61)
    one, several = (
        model.predict([make_request(encode(model, image)[0], [(9, 9)])])[0].masks_CHW
        for model in (built({"name": "m", "family": "sam2", "checkpoint": str(each)}) for each in (sam2_folder, folder))
    )
    assert torch.equal(one, several)


@pytest.mark.parametrize("name", ["../other.safetensors", "model-00009.safetensors"])
def test_an_index_names_files_of_its_folder(folder: Path, name: str) -> None:
    """Any other is refused."""
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    refused(folder, "is not in the folder; download it")
