"""Checkpoints in the official form and as safetensors are loaded; all others are refused."""

import pytest
import torch
from safetensors.torch import save_file

from job.errors import WeightsError
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.load import load_ritm, ritm_network
from job.models.ritm.network import RitmNetwork
from tests.models.click_based.stand_in import CPU


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return RitmNetwork(ARCHITECTURES["hrnet18s"]).state_dict()


@pytest.fixture
def official(tmp_path):
    """A function that writes a checkpoint as RITM's training code does."""

    def write(state, width=18, ocr_width=48, small=True):
        params = {"width": width, "ocr_width": ocr_width, "small": small}
        config = {
            "class": "isegm.model.is_hrnet_model.HRNetModel",
            "params": {name: {"type": "builtin", "value": value, "specified": True} for name, value in params.items()},
        }
        torch.save({"state_dict": state, "config": config}, tmp_path / "weights.pth")
        return tmp_path / "weights.pth"

    return write


def loaded_state(path):
    return ritm_network(path, "hrnet18s").state_dict()


def test_an_official_checkpoint_is_loaded(official, state):
    """Every tensor is copied to the network."""
    loaded = loaded_state(official(state))
    assert all(torch.equal(loaded[key], value) for key, value in state.items())


def test_safetensors_have_the_architecture_of_the_spec(tmp_path, state):
    """They have no config, but keys and shapes are checked."""
    save_file(state, tmp_path / "weights.safetensors")
    loaded = loaded_state(tmp_path / "weights.safetensors")
    assert all(torch.equal(loaded[key], value) for key, value in state.items())
    with pytest.raises(WeightsError, match="wrong shape"):
        load_ritm(tmp_path / "weights.safetensors", "hrnet32", CPU)


def test_another_architecture_is_refused_before_the_weights_are_compared(official):
    """The error names the file, the params and the remedy."""
    with pytest.raises(WeightsError, match=r"weights\.pth: arch: .*width 32.*set arch: hrnet32"):
        load_ritm(official({}, width=32, ocr_width=128, small=False), "hrnet18s", CPU)


def test_missing_and_unexpected_keys_are_named(official, state):
    """A renamed key is one of each."""
    renamed = {key.replace("cls_head.bias", "cls_head.offset"): value for key, value in state.items()}
    with pytest.raises(WeightsError, match=r"cls_head\.bias.*cls_head\.offset"):
        load_ritm(official(renamed), "hrnet18s", CPU)


def test_a_bare_state_dict_is_refused(tmp_path, state):
    """It has no config that describes its network; the error proposes safetensors."""
    torch.save(state, tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match=r"'config' and 'state_dict'.*safetensors"):
        load_ritm(tmp_path / "weights.pth", "hrnet18s", CPU)


def test_a_value_that_is_not_a_tensor_is_refused(official, state):
    """The error names its key."""
    with pytest.raises(WeightsError, match="extra"):
        load_ritm(official({**state, "extra": 3}), "hrnet18s", CPU)


def test_an_unknown_architecture_is_refused(official, state):
    """The error lists the supported ones."""
    with pytest.raises(WeightsError, match="hrnet18s, hrnet18, hrnet32"):
        load_ritm(official(state), "hrnet48", CPU)
