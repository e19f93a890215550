"""Families from the hub, and Meta's own files, refuse code, another architecture and missing weights, as SAM does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from job.errors import JobError, WeightsError
from job.models.registry import check
from job.study.families import installed_family
from job.testing import built
from tests.models.hub import oracle
from tests.models.hub.test_packages import without_transformers
from tests.models.hub.test_sam2_of_meta import SIDE, meta_shapes, numbers

__all__ = ["without_transformers"]

MADE: dict[str, Callable[[], Any]] = {
    "sam2": lambda: (transformers.Sam2Model(oracle.sam2_config()), oracle.sam2_processor()),
    "hq_sam": lambda: (transformers.SamHQModel(oracle.hq_sam_config()), oracle.hq_sam_processor()),
    "edgetam": lambda: (transformers.EdgeTamModel(oracle.edgetam_config()), oracle.sam2_processor()),
    "sam3_tracker": lambda: (
        transformers.Sam3TrackerModel(oracle.sam3_tracker_config()),
        oracle.sam3_tracker_processor(),
    ),
}
OTHER = {"sam2": "sam_hq", "hq_sam": "sam2", "edgetam": "sam2", "sam3_tracker": "sam2"}
"""A model type of another family."""


class Touch:
    """What runs code when it is read as a pickle: it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, tuple[str, int]]:
        return os.mknod, (str(self.path),)


@pytest.fixture(scope="module", params=MADE)
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A family, and a sound folder of it."""
    return request.param, oracle.saved(*MADE[request.param](), tmp_path_factory.mktemp(request.param))


@pytest.fixture
def family(sound: tuple[str, Path]) -> str:
    return sound[0]


@pytest.fixture
def folder(sound: tuple[str, Path], tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(sound[1], tmp_path / "copy"))


def refused(family: str, checkpoint: Path, match: str, **keys: Any) -> None:
    """Assert that the check refuses a checkpoint, and the build too, in the same words."""
    written = {"name": "m", "family": family, "checkpoint": str(checkpoint), **keys}
    spec = installed_family(family).spec.model_validate(written)
    with pytest.raises(WeightsError, match=match):
        check(spec, checkpoint)
    with pytest.raises(WeightsError, match=match):
        built(written)


def test_the_folder_is_sound_before_it_is_changed(family: str, folder: Path) -> None:
    """Else the tests below would show little."""
    check(installed_family(family).spec.model_validate({"name": "m", "family": family, "checkpoint": "m"}), folder)


def test_weights_with_code_are_not_run(family: str, folder: Path, tmp_path: Path) -> None:
    """Neither under the name of weights that are read, nor under that of pickled ones."""
    torch.save({"w": Touch(tmp_path / "ran")}, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    refused(family, folder, "weights of other formats are not read")
    shutil.copy(folder / "pytorch_model.bin", folder / "model.safetensors")
    refused(family, folder, "model.safetensors")
    assert not (tmp_path / "ran").exists()


def test_code_that_a_config_names_is_refused(family: str, folder: Path) -> None:
    """It would come with the checkpoint."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"auto_map": {"AutoModel": "code.Model"}}))
    refused(family, folder, "auto_map names code that comes with the checkpoint, which is never run")


def test_a_folder_of_another_family_is_refused(family: str, folder: Path) -> None:
    """Both model types are named."""
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": OTHER[family]}))
    refused(family, folder, f"expected model_type .*, got {OTHER[family]}; correct family or checkpoint")


def test_weights_of_another_architecture_are_refused(family: str, folder: Path) -> None:
    """The config decides; keys and shapes are compared with it."""
    config = json.loads((folder / "config.json").read_text())
    config["mask_decoder_config"]["mlp_dim"] = 96
    (folder / "config.json").write_text(json.dumps(config))
    refused(family, folder, "weights and architecture do not match; wrong shape: mask_decoder")


def test_missing_weights_are_named(family: str, folder: Path) -> None:
    """By the names of the network."""
    state = load_file(folder / "model.safetensors")
    (name,) = [name for name in state if name.endswith("mask_decoder.iou_token.weight")]
    del state[name]
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    refused(family, folder, r"missing: mask_decoder\.iou_token\.weight")


def test_the_missing_package_is_named_with_what_installs_it(
    family: str, folder: Path, without_transformers: None
) -> None:
    """One line."""
    with pytest.raises(JobError) as refusal:
        built({"name": "m", "family": family, "checkpoint": str(folder)})
    assert str(refusal.value) == (
        f"the family {family} needs the package transformers, which is not installed here: "
        "pip install 'medsam-job[transformers]'"
    )


@pytest.mark.parametrize("side", [SIDE, 512], ids=["SAM 2.1", "MedSAM2"])
class TestFilesOfMeta:
    """SAM 2.1's `.pt`, and MedSAM2's, which has its form and sees 512 px."""

    def test_a_file_with_code_is_not_run(self, side: int, tmp_path: Path) -> None:
        """It is named as such."""
        torch.save({"model": {"w": Touch(tmp_path / "ran")}}, tmp_path / "m.pt")
        refused("sam2", tmp_path / "m.pt", "m.pt", arch="hiera_tiny", image_size=side)
        assert not (tmp_path / "ran").exists()

    @pytest.mark.parametrize(
        ("arch", "without", "match"),
        [
            ("hiera_small", "", "as hiera_small: weights and architecture do not match; missing: vision"),
            ("hiera_tiny", "iou_token", r"missing: mask_decoder\.iou_token\.weight"),
        ],
        ids=["another architecture", "missing weights"],
    )
    def test_what_does_not_match_is_named(self, side: int, arch: str, without: str, match: str, tmp_path: Path) -> None:
        """By the names of the network."""
        kept = {name: numbers(name, s) for name, s in meta_shapes().items() if not without or without not in name}
        torch.save({"model": kept}, tmp_path / "m.pt")
        refused("sam2", tmp_path / "m.pt", match, arch=arch, image_size=side)
