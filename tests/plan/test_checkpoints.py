"""What identifies a checkpoint: a file, a folder, or none."""

import hashlib
import json

import pytest

from job.errors import StorageError
from job.models.families.sam import Sam
from job.models.families.sam2 import Sam2
from job.plan.weights import checkpoint_sha256, hash_models, local_checkpoint
from job.storage import InputCache, write
from job.study.facts import Facts
from job.study.load import loads
from job.study.model import ModelSpec

SPEC = """
study: s
datasets: [{{name: d, modality: CT, images: 'x/*.png', masks: 'y/*.png', tasks: {{organ: 1}}}}]
models: [{{name: m, family: sam, arch: vit_b, checkpoint: {checkpoint}, trained_on: [d], licence: MIT}}]
prompts: [{{modes: [whole_box]}}]
"""
FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def cache(tmp_path):
    return InputCache(tmp_path / "cache", 10**9)


def identity(spec, cache):
    return checkpoint_sha256(local_checkpoint(spec, cache), spec)


def folder_at(address):
    """Write a checkpoint as the hub lays it out, with files that the family does not read."""
    for name, content in {**FILES, "README.md": b"text", "pytorch_model.bin": b"pickled"}.items():
        write(f"{address}/{name}", content)
    return Sam2(name="m", family="sam2", checkpoint=address)


def test_a_file_is_identified_by_its_sha256(tmp_path, cache):
    """Of its content alone."""
    (tmp_path / "a.pth").write_bytes(b"weights")
    assert identity(Sam(name="m", family="sam", arch="vit_b", checkpoint=f"{tmp_path}/a.pth"), cache) == sha256(
        b"weights"
    )


def test_a_folder_is_identified_by_the_files_that_are_read(tmp_path, cache):
    """By their names and sha256: a JSON text with sorted keys, by hand. Other files do not count."""
    expected = sha256(json.dumps({name: sha256(content) for name, content in FILES.items()}).encode())
    assert identity(folder_at(f"{tmp_path}/model"), cache) == expected


def test_a_folder_is_the_same_on_a_disk_and_in_a_store(tmp_path, cache):
    """So a mirrored checkpoint makes no result anew."""
    assert identity(folder_at("memory://checkpoints/m"), cache) == identity(folder_at(f"{tmp_path}/model"), cache)


def test_a_model_without_weights_has_no_identity_of_them(cache):
    """Its options alone determine its rows."""
    assert identity(ModelSpec(name="m", family="own"), cache) is None


def test_a_folder_is_no_checkpoint_of_a_family_that_reads_files(tmp_path, cache):
    """The address is named."""
    folder_at(f"{tmp_path}/model")
    with pytest.raises(StorageError, match="model: nothing is there"):
        local_checkpoint(Sam(name="m", family="sam", arch="vit_b", checkpoint=f"{tmp_path}/model"), cache)


def test_a_plan_holds_what_is_known_of_weights_and_not_what_the_spec_says(tmp_path, cache):
    """So a correction of the spec counts at once, and nothing that it no longer says is left in a stored plan."""
    (tmp_path / "a.pth").write_bytes(b"weights")
    spec = loads(SPEC.format(checkpoint=f"{tmp_path}/a.pth"))
    assert hash_models(spec, cache)["m"].known == Facts()
