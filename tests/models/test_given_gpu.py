"""A GPU that this machine was given shows in the driver's files and in variables; another variable hides it."""

import pytest

from job.models.given_gpu import given_gpu

PROPRIETARY = (
    "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version: gcc 12\n"
)
OPEN = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build  (dvs-builder@U22)\n"


@pytest.fixture
def machine(tmp_path):
    """A function that makes the root of a machine from the contents of its files."""

    def machine(**files):
        for name, text in files.items():
            path = tmp_path / {"proc": "proc/driver/nvidia/version", "sys": "sys/module/nvidia/version"}.get(
                name, f"dev/{name}"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return machine


def test_a_machine_without_any_sign_was_given_none(machine):
    """An ordinary machine for computing on the CPU."""
    assert given_gpu({"PATH": "/bin", "NVIDIA_VISIBLE_DEVICES": ""}, machine(null="")) is None


@pytest.mark.parametrize(
    ("files", "environment", "sign"),
    [
        ({"nvidia0": "", "nvidiactl": ""}, {}, "/dev/nvidia0"),
        ({"proc": PROPRIETARY}, {}, "/proc/driver/nvidia/version"),
        ({"sys": "535.104.05\n"}, {}, "/sys/module/nvidia/version"),
        ({}, {"NVIDIA_VISIBLE_DEVICES": "all"}, "NVIDIA_VISIBLE_DEVICES=all"),
        ({}, {"CUDA_VISIBLE_DEVICES": "0"}, "CUDA_VISIBLE_DEVICES=0"),
        ({}, {"CUDA_VISIBLE_DEVICES": "GPU-8932f937"}, "CUDA_VISIBLE_DEVICES=GPU-8932f937"),
        ({}, {"CUDA_VISIBLE_DEVICES": "gpu0"}, "CUDA_VISIBLE_DEVICES=gpu0"),
    ],
    ids=["device", "proc", "sys", "container", "request", "identifier", "typo"],
)
def test_each_sign_is_enough(machine, files, environment, sign):
    """It is named in the refusal."""
    assert given_gpu(environment, machine(**files)).signs == (sign,)


@pytest.mark.parametrize("hidden", ["", "-1", " -1 ", "none", "NoDevFiles"])
def test_a_gpu_that_is_hidden_was_not_given(machine, hidden):
    """By CUDA_VISIBLE_DEVICES, as CUDA and Slurm write it, whatever else is there."""
    root = machine(nvidia0="", proc=OPEN)
    assert given_gpu({"CUDA_VISIBLE_DEVICES": hidden, "NVIDIA_VISIBLE_DEVICES": "all"}, root) is None


@pytest.mark.parametrize("value", ["void", "none", ""])
def test_a_container_that_asked_for_no_gpu_sees_its_hosts_driver_all_the_same(machine, value):
    """The driver's files are no sign then; a device is one, because CDI adds devices and sets `void`."""
    assert given_gpu({"NVIDIA_VISIBLE_DEVICES": value}, machine(proc=OPEN, sys="580.65.06")) is None
    assert given_gpu({"NVIDIA_VISIBLE_DEVICES": value}, machine(nvidia0="")).signs == ("/dev/nvidia0",)


@pytest.mark.parametrize(
    ("files", "driver"),
    [
        ({"nvidia0": "", "proc": PROPRIETARY}, "535.104.05"),
        ({"nvidia0": "", "proc": OPEN}, "580.65.06"),
        ({"nvidia0": "", "sys": "470.82\n"}, "470.82"),
        ({"nvidia0": "", "proc": "unreadable"}, None),
        ({"nvidia0": ""}, None),
    ],
    ids=["proprietary", "open", "sys", "unknown", "missing"],
)
def test_the_drivers_version_is_read_from_its_files(machine, files, driver):
    """The texts are those of NVIDIA's two kernel modules."""
    assert given_gpu({}, machine(**files)).driver == driver
