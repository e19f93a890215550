"""The official checkpoints are the same in the program, in the documentation and in the specs."""

import re
from pathlib import Path

import pytest

from job.study import load
from job.study.official import OFFICIAL, official

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"DATA": "/data", "WEIGHTS": "s3://bucket/weights", "RESULTS": "/results"}


@pytest.mark.parametrize("file", OFFICIAL)
def test_the_page_about_checkpoints_has_every_one(file):
    """With address and sha256 in one row."""
    row = next(line for line in (ROOT / "docs/models/official.md").read_text().splitlines() if f"[{file}]" in line)
    assert f"]({OFFICIAL[file].url})" in row
    assert re.findall(r"[0-9a-f]{64}", row) == ([OFFICIAL[file].sha256] if OFFICIAL[file].sha256 else [])


@pytest.mark.parametrize("spec", ["study.yaml", "mazurowski2023/all.yaml", "mazurowski2023/v1.yaml"])
def test_the_specs_name_official_checkpoints_with_address_and_hash(spec):
    """The address is a comment beside the model."""
    text = (ROOT / "specs" / spec).read_text()
    for model in load(ROOT / "specs" / spec, ENVIRONMENT).study.models:
        known = official(model.checkpoint)
        assert known.sha256 == model.sha256
        assert f"# {known.url} (" in text


def test_the_readme_has_the_address_and_hash_of_each_checkpoint_of_the_example():
    """A newcomer reads it first."""
    text = (ROOT / "README.md").read_text()
    for file in ("sam_vit_h_4b8939.pth", "coco_lvis_h32_itermask.pth"):
        assert OFFICIAL[file].url in text
        assert (OFFICIAL[file].sha256 or "") in text


def test_another_file_is_not_official():
    """The whole name counts, wherever the file lies."""
    assert official("s3://bucket/my_sam_vit_h_4b8939.pth") is None
    assert official("s3://bucket/sam_vit_h_4b8939.pth").model == "SAM ViT-H"
