"""Checkpoints in the official form and as safetensors are loaded; all others are refused."""

import sys
from itertools import accumulate
from types import ModuleType

import pytest
import torch
from safetensors.torch import save_file

from job.errors import WeightsError
from job.models.checkpoint import COMPARE
from job.models.simpleclick.architecture import ARCHITECTURES
from job.models.simpleclick.load import load_simpleclick, simpleclick_network
from job.models.simpleclick.network import SimpleClickNetwork
from tests.models.click_based.stand_in import CPU

SIZES = {"img_size": (448, 448), "patch_size": (16, 16), "embed_dim": 160, "depth": 8, "num_heads": 4}
LOSSES = "isegm.model.modeling.transformer_helper.cross_entropy_loss"


@pytest.fixture(scope="module")
def state():
    """Weights, also of a kind that is not used."""
    torch.manual_seed(0)
    used = SimpleClickNetwork(ARCHITECTURES["vit_xt"]).state_dict()
    return used | {"backbone.cls_token": torch.zeros(1, 1, 160), "head.up_conv1.0.weight": torch.zeros(1)}


@pytest.fixture
def official(tmp_path):
    """A function that writes a checkpoint as SimpleClick's training code does."""

    def write(state, kind="is_plainvit_model.PlainVitModel", loss=None, **sizes):
        params = {"use_disks": True, "norm_radius": 5, "backbone_params": SIZES | sizes}
        params["head_params"] = {"channels": 128, "loss_decode": loss, "align_corners": False}
        wrapped = {name: {"type": "builtin", "value": value, "specified": True} for name, value in params.items()}
        torch.save(
            {"state_dict": state, "config": {"class": f"isegm.model.{kind}", "params": wrapped}}, tmp_path / "w.pth"
        )
        return tmp_path / "w.pth"

    return write


class CrossEntropyLoss(torch.nn.Module):
    """A loss that names its function."""

    def __init__(self, criterion):
        super().__init__()
        self.cls_criterion = criterion


def cross_entropy():
    """The function that the authors' loss names."""


def binary_cross_entropy():
    """Another function of the same module."""


@pytest.fixture
def written_with_loss(monkeypatch, official, state):
    """A function that writes a checkpoint with a loss, of the authors' module, which is gone when it returns."""

    def write(criterion):
        with monkeypatch.context() as patch:
            for name in accumulate(LOSSES.split("."), lambda parent, part: f"{parent}.{part}"):
                patch.setitem(sys.modules, name, ModuleType(name))
            for member in (CrossEntropyLoss, cross_entropy, binary_cross_entropy):
                patch.setattr(member, "__module__", LOSSES)
                setattr(sys.modules[LOSSES], member.__name__, member)
            return official(state, loss=CrossEntropyLoss(criterion))

    return write


def loaded_state(path):
    return simpleclick_network(path, "vit_xt").state_dict()


def test_an_official_checkpoint_is_loaded(official, state):
    """Every tensor that is used is copied to the network."""
    loaded = loaded_state(official(state))
    assert all(torch.equal(value, state[key]) for key, value in loaded.items())


def test_the_loss_in_an_official_config_is_not_imported(written_with_loss, state):
    """The authors' checkpoints hold the loss that they were trained with; it is dropped unread."""
    path = written_with_loss(cross_entropy)
    assert torch.equal(loaded_state(path)["head.conv_seg.bias"], state["head.conv_seg.bias"])
    simpleclick_network(path, "vit_xt", COMPARE)
    assert LOSSES not in sys.modules


def test_a_checkpoint_with_other_code_is_refused(written_with_loss):
    """The error names the function."""
    path = written_with_loss(binary_cross_entropy)
    with pytest.raises(WeightsError, match=rf"more than plain weights \({LOSSES}\.binary_cross_entropy\)"):
        loaded_state(path)


def test_safetensors_have_the_architecture_of_the_spec(tmp_path, state):
    """They have no config, but keys and shapes are checked."""
    save_file(state, tmp_path / "w.safetensors")
    assert torch.equal(loaded_state(tmp_path / "w.safetensors")["backbone.pos_embed"], state["backbone.pos_embed"])
    with pytest.raises(WeightsError, match="wrong shape"), torch.device("meta"):
        simpleclick_network(tmp_path / "w.safetensors", "vit_b", COMPARE)


def test_another_architecture_is_refused_before_the_weights_are_compared(official):
    """The error names the file, the params and the remedy."""
    with pytest.raises(WeightsError, match=r"w\.pth: arch: .*embed_dim 768 instead of 160.*set arch: vit_b"):
        load_simpleclick(official({}, embed_dim=768, depth=12, num_heads=12), "vit_xt", CPU)


def test_a_checkpoint_of_ritm_is_refused(official):
    """The error names both classes."""
    with pytest.raises(WeightsError, match=r"w\.pth: SimpleClick config: class: expected PlainVitModel .*HRNetModel"):
        loaded_state(official({}, kind="is_hrnet_model.HRNetModel"))


def test_missing_and_unexpected_keys_are_named(official, state):
    """A renamed key is one of each; weights that are not used are neither."""
    renamed = {key.replace("conv_seg.bias", "conv_seg.offset"): value for key, value in state.items()}
    with pytest.raises(WeightsError, match=r"missing: head\.conv_seg\.bias; unexpected: head\.conv_seg\.offset;"):
        loaded_state(official(renamed))


def test_a_bare_state_dict_is_refused(tmp_path, state):
    """It has no config that describes its network; the error proposes safetensors."""
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"official SimpleClick checkpoint.*'config' and 'state_dict'.*safetensors"):
        loaded_state(tmp_path / "w.pth")


def test_an_unknown_architecture_is_refused(official, state):
    """The error lists the supported ones."""
    with pytest.raises(WeightsError, match="vit_b, vit_l, vit_h, vit_xt"):
        load_simpleclick(official(state), "vit_s", CPU)
