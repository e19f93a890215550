"""Checkpoints: which are read, which are refused, and with which message."""

from __future__ import annotations

import os
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from job.errors import WeightsError
from job.models.checkpoint import Inert, load_state, read_checkpoint, read_weights, verify_sha256
from job.models.families.lite_medsam import LiteMedSam
from job.models.outline import outline
from job.models.registry import build
from job.models.sam import SamModel

STATE = {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2)}


def saved(path: Path, value: Any = STATE, **options: Any) -> Path:
    torch.save(value, path, **options)
    return path


class RunsCode:
    """Its pickle makes a folder when it is loaded, or calls another function."""

    def __init__(self, folder: Path, function: Callable[..., Any] = os.mkdir, *arguments: str) -> None:
        self.call = function, (*arguments, str(folder))

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call


@pytest.mark.parametrize("name", ["model.pth", "model.pt", "MODEL.PTH"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "legacy format"])
def test_a_state_dict_is_read(tmp_path: Path, name: str, zipped: bool) -> None:
    """`.pth` and `.pt` of either format have the tensors that were saved."""
    state = read_weights(saved(tmp_path / name, _use_new_zipfile_serialization=zipped))
    assert state.keys() == STATE.keys()
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


def test_safetensors_are_read(tmp_path: Path) -> None:
    """`.safetensors` have the tensors that were saved."""
    save_file(STATE, tmp_path / "model.safetensors")
    state = read_weights(tmp_path / "model.safetensors")
    assert all(torch.equal(state[key], STATE[key]) for key in STATE)


def test_a_state_dict_may_be_below_a_key_that_the_family_names(tmp_path: Path) -> None:
    """Values beside it are ignored."""
    path = saved(tmp_path / "training.pth", {"model": STATE, "epoch": 3})
    assert read_weights(path, wrapped_in=("model",)).keys() == STATE.keys()
    assert read_checkpoint(path)["epoch"] == 3


def test_a_state_dict_below_another_key_is_refused(tmp_path: Path) -> None:
    """The error names the key."""
    with pytest.raises(WeightsError, match="expected tensors only, but weights, epoch is something else"):
        read_weights(saved(tmp_path / "training.pth", {"weights": STATE, "epoch": 3}), wrapped_in=("model",))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """The error names the file."""
    with pytest.raises(WeightsError, match=r"gone\.pth: no such file; .*download"):
        read_weights(tmp_path / "gone.pth")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """The error states 0 bytes."""
    (tmp_path / "empty.pth").touch()
    with pytest.raises(WeightsError, match=r"empty\.pth: the file is empty \(0 bytes\); download"):
        read_weights(tmp_path / "empty.pth")


@pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "legacy format"])
def test_a_truncated_file_is_refused(tmp_path: Path, zipped: bool) -> None:
    """The error proposes to download it again."""
    path = saved(tmp_path / "half.pth", _use_new_zipfile_serialization=zipped)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(WeightsError, match=r"half\.pth: damaged, incomplete.*download it again"):
        read_weights(path)


@pytest.mark.parametrize("content", [b"<html>404</html>", b"version https://git-lfs.github.com/spec/v1\n", b"\xdf\x00"])
def test_a_file_that_is_not_a_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    """An error page, a Git LFS pointer and noise have the same error."""
    (tmp_path / "page.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=r"page\.pth: damaged, incomplete, or no \.pth checkpoint"):
        read_weights(tmp_path / "page.pth")


def test_damaged_safetensors_are_refused(tmp_path: Path) -> None:
    """The error is that of a damaged `.pth`."""
    path = tmp_path / "half.safetensors"
    save_file(STATE, path)
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsError, match=r"half\.safetensors: damaged, incomplete"):
        read_weights(path)


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    """Only formats of plain weights are opened."""
    with pytest.raises(WeightsError, match=r"expected a checkpoint named \.pth, \.pt, \.safetensors; got \.ckpt"):
        read_weights(tmp_path / "model.ckpt")


def test_a_value_that_is_not_a_dict_is_refused(tmp_path: Path) -> None:
    """A list of tensors is not a state dict."""
    with pytest.raises(WeightsError, match="expected a dict of named tensors, got a list"):
        read_weights(saved(tmp_path / "list.pth", [torch.ones(2)]))


@pytest.mark.parametrize("zipped", [True, False], ids=["zip format", "legacy format"])
def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path, zipped: bool) -> None:
    """The error names the function that the file would have called; it is not called."""
    bait = tmp_path / "ran"
    path = saved(tmp_path / "bait.pth", {**STATE, "x": RunsCode(bait)}, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"holds more than plain weights \(posix\.mkdir\).*refused"):
        read_weights(path)
    assert not bait.exists()


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_a_bare_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    """It does not matter that torch did not write the pickle."""
    bait = tmp_path / "ran"
    (tmp_path / "bait.pth").write_bytes(pickle.dumps(RunsCode(bait)))
    with pytest.raises(WeightsError):
        read_weights(tmp_path / "bait.pth")
    assert not bait.exists()


def test_a_whole_module_is_refused(tmp_path: Path) -> None:
    """A saved module refers to its class, which is code."""
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules\.linear\.Linear.*state_dict\(\)"):
        read_weights(saved(tmp_path / "module.pth", nn.Linear(3, 2)))


def test_an_object_of_a_class_that_is_named_beforehand_is_dropped(tmp_path: Path) -> None:
    """Such as a loss beside the weights: it has neither attributes nor methods. Elsewhere it is refused."""
    name = "torch.nn.modules.loss.CrossEntropyLoss"
    loss = nn.CrossEntropyLoss(torch.ones(4))
    path = saved(tmp_path / "loss.pth", {**STATE, "loss": loss})
    read = read_checkpoint(path, [name])
    assert type(read["loss"]) is Inert
    assert not vars(read["loss"])
    assert torch.equal(read["weight"], STATE["weight"])
    assert outline(path, [name])["loss"] is None
    for reader in (read_checkpoint, outline):
        with pytest.raises(WeightsError, match=rf"more than plain weights \({name}\)"):
            reader(path)


def test_a_function_that_is_named_beforehand_is_not_called(tmp_path: Path) -> None:
    """Its result is dropped as well."""
    bait = tmp_path / "ran"
    path = saved(tmp_path / "bait.pth", {**STATE, "x": RunsCode(bait, shutil.copyfile, __file__)})
    assert type(read_checkpoint(path, ["shutil.copyfile"])["x"]) is Inert
    assert not bait.exists()


def test_a_matching_hash_passes(tmp_path: Path) -> None:
    """The sha256 may be written in capitals."""
    (tmp_path / "abc").write_bytes(b"abc")
    verify_sha256(tmp_path / "abc", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", "sam")


def test_a_wrong_hash_names_both(tmp_path: Path) -> None:
    """The error has the model's name and both hashes."""
    (tmp_path / "abc").write_bytes(b"abc")
    with pytest.raises(WeightsError, match=r"not the weights of sam: expected sha256 0{64}, got ba7816bf.*15ad"):
        verify_sha256(tmp_path / "abc", "0" * 64, "sam")


def test_matching_weights_are_loaded() -> None:
    """After loading, the module has the weights."""
    module = nn.Linear(3, 2)
    load_state(module, STATE, "linear.pth")
    assert torch.equal(module.weight, STATE["weight"])


def test_weights_of_another_architecture_are_refused() -> None:
    """One error lists missing, unexpected and wrongly shaped keys, and nothing is loaded."""
    module = nn.Linear(3, 2)
    before = module.bias.clone()
    with pytest.raises(WeightsError) as error:
        load_state(module, {"weight": torch.ones(3, 3), "scale": torch.ones(1)}, "linear.pth")
    assert str(error.value) == (
        "linear.pth: weights and architecture do not match; missing: bias; unexpected: scale; "
        "wrong shape: weight (3, 3) for (2, 3); correct arch or checkpoint"
    )
    assert torch.equal(module.bias, before)


def test_an_error_names_five_keys_and_counts_the_others() -> None:
    """Eight keys are five and 3 more."""
    with pytest.raises(WeightsError, match=r"missing: 0\.weight, 0\.bias, 1\.weight, 1\.bias, 2\.weight and 3 more"):
        load_state(nn.Sequential(*[nn.Linear(1, 1)] * 4), {}, "many.pth")


def test_weights_of_another_family_are_refused(sam: SamModel, tmp_path: Path) -> None:
    """For SAM's weights in LiteMedSAM, the error names file, family and keys."""
    checkpoint = saved(tmp_path / "sam.pth", sam.network.state_dict())
    spec = LiteMedSam(name="lite", family="lite_medsam", checkpoint=str(checkpoint))
    with pytest.raises(WeightsError, match=r"sam\.pth as LiteMedSAM: .*missing: image_encoder\.patch_embed\.seq"):
        build(spec, checkpoint, torch.device("cpu"), "fp32")


@pytest.mark.parametrize(
    ("name", "reader"), [("a.pth", "torch.load"), ("a.safetensors", "job.models.checkpoint.load_file")]
)
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("unable to mmap 9 bytes: Cannot allocate memory (12)")])
def test_too_little_memory_is_no_damage_of_the_file(tmp_path, monkeypatch, name, reader, error):
    """To download it again would not help."""

    def fail(*arguments, **options):
        raise error

    (save_file(STATE, tmp_path / name) if name.endswith(".safetensors") else saved(tmp_path / name))
    monkeypatch.setattr(reader, fail)
    with pytest.raises(type(error)):
        read_weights(tmp_path / name)
