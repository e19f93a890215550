"""Checkpoints are fetched and hashed once, when a study is planned."""

import hashlib
import shutil

import pytest

from job.errors import SpecError
from job.models.demo_weights import FOLDER
from job.plan.weights import hash_models
from job.storage import InputCache
from job.study import loads

SPEC = """\
study: small
datasets:
  - {{name: A, modality: CT, generated: {{patients: 1}}, tasks: {{organ: 1}}}}
models:
  - {{name: sam, family: sam, arch: vit_b, checkpoint: "{folder}/sam.pth"}}
  - {{name: ritm, family: ritm, arch: hrnet18s, checkpoint: "{folder}/ritm.pth"}}
prompts: [{{clicks: {{protocol: ritm}}}}]
"""
SHA256 = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("sam", "ritm")}


@pytest.fixture
def hashed(tmp_path):
    """Hash the checkpoints of two models, after a change of the spec."""
    for name in SHA256:
        (tmp_path / f"{name}.pth").write_bytes(name.encode())

    def hashed(old="", new=""):
        text = SPEC.format(folder=tmp_path)
        assert old in text
        return hash_models(loads(text.replace(old, new, 1), "s.yaml"), InputCache(tmp_path / "cache", 10**9))

    return hashed


def test_each_model_is_planned_with_the_sha256_of_its_checkpoint(hashed):
    """In upper or lower case, a stated sha256 must be the same."""
    planned = hashed("arch: vit_b", f"arch: vit_b, sha256: '{SHA256['sam'].upper()}'")
    assert {name: model.sha256 for name, model in planned.items()} == SHA256


def test_only_shipped_weights_have_a_purpose(hashed, tmp_path):
    """A copy of them is recognised by its content."""
    shutil.copy(FOLDER / "ritm_h18s_demo.safetensors", tmp_path / "ritm.pth")
    assert {name: model.purpose for name, model in hashed().items()} == {"sam": None, "ritm": "demo"}


def test_a_checkpoint_of_another_hash_than_stated_is_refused(hashed, tmp_path):
    """The fault gives both hashes and the place in the spec."""
    with pytest.raises(SpecError) as error:
        hashed("arch: vit_b", f"arch: vit_b, sha256: {'f' * 64}")
    expected = f"models[0].sha256: expected the sha256 of {tmp_path}/sam.pth, {SHA256['sam']} (got {'f' * 64})"
    assert expected in str(error.value)


def test_all_missing_checkpoints_are_named_at_once(hashed, tmp_path):
    """Each fault has its place in the spec."""
    for name in SHA256:
        (tmp_path / f"{name}.pth").unlink()
    with pytest.raises(SpecError) as error:
        hashed()
    assert str(error.value).splitlines() == [
        f"s.yaml:{line}:{column}: models[{index}].checkpoint: no checkpoint: {tmp_path}/{name}.pth: nothing is there"
        for index, (name, line, column) in enumerate([("sam", 5, 43), ("ritm", 6, 48)])
    ]
