"""How infra/slurm/program.sh calls Apptainer, by a program in its place that says what it got."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "infra" / "slurm" / "program.sh"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an `apptainer` that prints its arguments, and the variables for the image, a line each."""
    apptainer = tmp_path / "apptainer"
    apptainer.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\nenv | grep ^APPTAINERENV_ || true\n')
    apptainer.chmod(0o755)
    return tmp_path


def said(folder: Path, *arguments: str, **environment: str) -> list[str]:
    """Return the lines that the program prints."""
    merged = {"PATH": f"{folder}:{os.environ['PATH']}"} | environment
    done = subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, env=merged, cwd=folder, check=True)
    return done.stdout.splitlines()


def test_the_image_runs_in_the_working_folder_with_a_cache_and_a_clean_environment(folder: Path) -> None:
    """Relative paths mean the same inside; arguments with spaces stay one."""
    lines = said(folder, "plan", "my study.yaml", IMAGE="job.sif", APPTAINER_BIND="/data")
    options = ["--cleanenv", "--no-home", "--pwd", str(folder), "--bind", str(folder)]
    cache = ["--bind", f"{folder}/medsam-job-cache:/cache"]
    assert [line for line in lines if line != "--nv"] == ["run", *options, *cache, "job.sif", "plan", "my study.yaml"]
    assert (folder / "medsam-job-cache").is_dir()


def test_the_array_and_the_credentials_reach_the_image_as_variables(folder: Path) -> None:
    """Never on a command line, which everyone on the machine can read; nothing else of the caller's shell passes."""
    passed = {"SLURM_ARRAY_TASK_ID": "3", "MEDSAM_JOB_SHARDS": "8", "AWS_SECRET_ACCESS_KEY": "se cret", "DATA": "/data"}
    passed |= {"AZURE_STORAGE_ACCOUNT_KEY": "se cret", "GOOGLE_APPLICATION_CREDENTIALS": "/home/me/key.json"}
    lines = said(folder, "run", **passed, PYTHONPATH="/mine", SLURM_JOB_ID="7")
    handed_over = {line for line in lines if line.startswith("APPTAINERENV_")}
    assert handed_over == {f"APPTAINERENV_{name}={value}" for name, value in passed.items()}
    assert not any("se cret" in line for line in lines if line not in handed_over)


def test_a_program_can_take_the_place_of_the_image(folder: Path) -> None:
    """On a cluster without Apptainer."""
    assert said(folder, "a b", "c", MEDSAM_JOB="/bin/echo") == ["a b c"]
