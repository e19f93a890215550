"""As many threads as the kernel's files say that this process may keep busy."""

import os
from pathlib import Path

import pytest

from job.models import processors


@pytest.fixture
def usable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that counts the processors of a machine of 96 with these files below `/`."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(96)))

    def usable(**files: str) -> int:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return processors.usable(tmp_path)

    return usable


def test_without_quota_the_affinity_decides(usable):
    """A control group of which nobody has limited the processors states `max`, or -1 in version 1."""
    assert usable() == 96
    files = {"proc/self/cgroup": "0::/job\n", "sys/fs/cgroup/job/cpu.max": "max 100000\n"}
    assert usable(**files) == 96
    one = {"sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "-1\n", "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000\n"}
    assert usable(**{"proc/self/cgroup": "3:cpu,cpuacct:/job\n"}, **one) == 96


@pytest.mark.parametrize(
    ("quota", "processors"), [("400000 100000", 4), ("150000 100000", 2), ("50000 100000", 1), ("20000 10000", 2)]
)
def test_a_quota_is_time_in_each_period(quota, processors, usable):
    """A fraction of a processor is rounded up; there is always one."""
    assert usable(**{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": f"{quota}\n"}) == processors


def test_the_tightest_group_of_the_hierarchy_counts(usable):
    """A pod's group may allow less than that of its container."""
    files = {"sys/fs/cgroup/pod/main/cpu.max": "800000 100000", "sys/fs/cgroup/pod/cpu.max": "300000 100000"}
    assert usable(**{"proc/self/cgroup": "0::/pod/main\n"}, **files) == 3


@pytest.mark.parametrize("seen", ["/job", ""])
def test_version_1_states_quota_and_period_in_two_files(seen, usable):
    """Inside a container, the group's files lie at the top, though its name is that of the host."""
    folder = f"sys/fs/cgroup/cpu{seen}"
    files = {f"{folder}/cpu.cfs_quota_us": "250000\n", f"{folder}/cpu.cfs_period_us": "100000\n"}
    assert usable(**{"proc/self/cgroup": "4:memory:/other\n3:cpu,cpuacct:/job\n"}, **files) == 3


def test_the_affinity_may_allow_less_than_the_quota(usable, monkeypatch):
    """As under `taskset`, or with a static policy of processors in Kubernetes."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5, 7})
    assert usable(**{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "400000 100000\n"}) == 2
