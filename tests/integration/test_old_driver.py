"""A GPU whose driver is too old for torch: a stand-in for the driver's library, which the real torch reads."""

import os
import shutil
import subprocess
import sys

import pytest
import torch

from tests.cases import GENERATED, write_generated

LIBRARY = "int cuDriverGetVersion(int *version) { *version = %d; return 0; }"


@pytest.fixture
def version():
    """The version of a driver for the CUDA before that of torch, as the driver states it: 12000 for 12.0."""
    return (int(torch.version.cuda.partition(".")[0]) - 1) * 1000


@pytest.fixture
def old_driver(tmp_path, version):
    """The folder of a `libcuda.so.1` of that version; skip without a compiler, which CI has."""
    compiler = shutil.which("cc")
    if compiler is None and os.environ.get("CI") != "true":
        pytest.skip(
            "cc is needed for a stand-in of the driver; tests/models/test_usable_gpu.py has one of torch's answer"
        )
    (tmp_path / "driver.c").write_text(LIBRARY % version)
    command = [compiler or "cc", "-shared", "-fPIC", "-o", tmp_path / "libcuda.so.1", tmp_path / "driver.c"]
    subprocess.run(command, check=True)
    return tmp_path


def run(folder, **environment):
    """Run a study with `device: auto` and quick models, in a process that finds the driver's library."""
    return subprocess.run(
        [sys.executable, "-m", "tests.worker.fake_worker", folder / "study.yaml", "--only", "predict"],
        env=os.environ | {"LD_LIBRARY_PATH": str(folder), "NVIDIA_VISIBLE_DEVICES": "all"} | environment,
        capture_output=True,
        check=False,
        text=True,
    )


def test_an_old_driver_ends_the_run_with_4_and_one_line(old_driver, version):
    """The line has what torch found and what it needs. Nothing was computed on the CPU."""
    write_generated(old_driver, GENERATED.replace("device: cpu", "device: auto"))
    process = run(old_driver, CUDA_VISIBLE_DEVICES="0")
    assert process.returncode == 4
    (line,) = process.stderr.splitlines()
    assert f"The NVIDIA driver on your system is too old (found version {version})" in line
    assert f"for CUDA {torch.version.cuda}, and a GPU of compute capability" in line
    assert {path.name for path in (old_driver / "results").iterdir()} == {"workers"}


def test_a_gpu_that_is_hidden_leaves_the_work_to_the_cpu(old_driver):
    """The line names this way out."""
    write_generated(old_driver, GENERATED.replace("device: cpu", "device: auto"))
    process = run(old_driver, CUDA_VISIBLE_DEVICES="-1")
    assert process.returncode == 0, process.stderr
    assert "running on the CPU" in process.stderr
