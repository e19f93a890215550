"""What the kernel's files say, this process may still take."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from job import memory

GIB = 1 << 30


@pytest.fixture
def machine(tmp_path: Path):
    """Write files as below `/` of a machine with 8 GiB available; return its root."""

    def machine(**files: str) -> Path:
        files = {"proc/meminfo": f"MemTotal: 16777216 kB\nMemAvailable: {8 << 20} kB\n", **files}
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return machine


def version_2(group: str, limit: object, used: int, inactive: int = 0) -> dict[str, str]:
    """Return the files of a control group of version 2."""
    folder = f"sys/fs/cgroup{group}"
    return {
        f"{folder}/memory.max": f"{limit}\n",
        f"{folder}/memory.current": f"{used}\n",
        f"{folder}/memory.stat": f"anon 5\ninactive_file {inactive}\n",
    }


def test_without_control_groups_the_machine_decides(machine):
    """MemAvailable, in kB."""
    assert memory.available(machine()) == 8 * GIB


def test_a_control_group_leaves_its_limit_less_its_use(machine):
    """Pages of files that the kernel can drop do not count as used."""
    files = {"proc/self/cgroup": "0::/job\n", **version_2("/job", 6 * GIB, 5 * GIB, inactive=2 * GIB)}
    assert memory.available(machine(**files)) == 3 * GIB


def test_the_group_above_may_leave_less(machine):
    """As a pod's group does above that of its container."""
    files = {**version_2("/pod/main", "max", GIB), **version_2("/pod", 4 * GIB, 3 * GIB)}
    assert memory.available(machine(**{"proc/self/cgroup": "0::/pod/main\n"}, **files)) == GIB


@pytest.mark.parametrize("seen", ["/job", ""])
def test_version_1_is_read_too(machine, seen):
    """Inside a container, the group's files lie at the top, though its name is that of the host."""
    folder = f"sys/fs/cgroup/memory{seen}"
    files = {
        "proc/self/cgroup": "9:name=systemd:/\n4:cpu,memory:/job\n",
        f"{folder}/memory.limit_in_bytes": f"{4 * GIB}\n",
        f"{folder}/memory.usage_in_bytes": f"{3 * GIB}\n",
        f"{folder}/memory.stat": f"inactive_file 1\ntotal_inactive_file {GIB}\n",
    }
    assert memory.available(machine(**files)) == 2 * GIB


def test_where_nothing_is_known_nothing_limits(tmp_path):
    """As without /proc."""
    assert memory.available(tmp_path) > 1 << 60


def test_what_is_reserved_is_not_available(machine):
    """For the time of the work that reserved it."""
    root = machine()
    with memory.reserved(3 * GIB):
        assert memory.available(root) == 5 * GIB
    assert memory.available(root) == 8 * GIB


@pytest.mark.parametrize("kind", [resource.RLIMIT_AS, resource.RLIMIT_DATA])
def test_a_limit_of_the_process_is_heeded(kind):
    """`ulimit -v` or `-d` of 1 GiB: half of it fits, twice as much does not."""
    code = (
        f"import resource; resource.setrlimit({kind}, ({GIB}, {GIB}))\n"
        f"from job import memory; print(memory.fits({GIB // 2}), memory.fits({2 * GIB}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_freed_memory_is_returned_before_anything_is_refused():
    """Under a limit, what a process freed is available again once the allocator is set up for inference."""
    code = (
        f"import resource; resource.setrlimit(resource.RLIMIT_DATA, ({GIB}, {GIB}))\n"
        "from job import memory; from job.models.allocator import keep_freed_memory\n"
        "import numpy; keep_freed_memory()\n"
        f"taken = [numpy.ones(1 << 21, numpy.uint8) for _ in range({GIB // 4 * 3 >> 21})]\n"
        f"print(memory.fits({GIB // 2})); del taken[::2], taken; print(memory.fits({GIB // 2}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
