"""The package `transformers` is an extra: a spec is checked without it, and its lack is one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from job.errors import JobError
from job.plan.blocks import prompt_blocks
from job.plan.validate import validate
from job.storage import InputCache
from job.study import load
from job.testing import built
from tests.cases import SPEC, write_study

FAMILIES = ("edgetam", "hq_sam", "sam2", "sam3_tracker")
LINE = (
    "the family sam2 needs the package transformers, which is not installed here: "
    "pip install 'medsam-job[transformers]'"
)
SAM2 = SPEC.replace("family: lite_medsam", "family: sam2\n    checkpoint: {data}/sam2")


@pytest.fixture
def without_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the package."""
    monkeypatch.setitem(sys.modules, "transformers", None)


def test_a_spec_is_checked_without_the_package_and_without_torch() -> None:
    """A family's module imports neither: both take seconds."""
    modules = ", ".join(f"job.models.families.{name}" for name in FAMILIES)
    program = f"import sys, {modules}; sys.exit('transformers' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_missing_package_is_a_fault_of_the_family(
    tmp_path: Path, sam2_folder: Path, without_transformers: None
) -> None:
    """It names what installs it; nothing else is said of the model."""
    spec = write_study(tmp_path, text=SAM2)
    (tmp_path / "data/sam2").symlink_to(sam2_folder)
    [fault] = validate(load(spec), InputCache(tmp_path / "cache", 10**9), full=False).faults
    assert (fault.field, fault.expected) == ("models[0].family", LINE)


def test_a_model_is_not_built_without_the_package(sam2_folder: Path, without_transformers: None) -> None:
    """A worker on another machine than the plan's says the same."""
    with pytest.raises(JobError, match="needs the package transformers"):
        built({"name": "m", "family": "sam2", "checkpoint": str(sam2_folder)})


def test_a_sound_folder_in_a_study_has_no_fault(tmp_path: Path, sam2_folder: Path) -> None:
    """Its hash is that of the files that are read, whatever else is there."""
    spec = write_study(tmp_path, text=SAM2)
    (tmp_path / "data/sam2").symlink_to(sam2_folder)
    report: Any = validate(load(spec), InputCache(tmp_path / "cache", 10**9), full=False)
    assert report.faults == []


def test_the_mask_of_hq_sam_is_its_only_one(tmp_path: Path) -> None:
    """Whatever mask choices the block has: there are no candidates to choose from."""
    asked = SPEC.replace("family: lite_medsam", "family: hq_sam\n    checkpoint: {data}/hq_sam")
    asked = asked.replace("modes: [whole_box, each_box]", "modes: [whole_box]\n    mask_choice: [oracle]")
    [block] = prompt_blocks(load(write_study(tmp_path, text=asked)))
    assert block.block.mask_choices == ("single",)
