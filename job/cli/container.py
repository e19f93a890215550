"""What is particular to a container: who writes to its folders, and what of them is kept when it is gone."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from job.cli.first_steps import in_container

MOUNTS = Path("/proc/self/mountinfo")
IN_MEMORY = ("tmpfs", "ramfs")
RESULTS = "/app/results"
"""The folder for results in the image."""


def not_kept(output: str, environment: Mapping[str, str], mounts: str) -> str | None:
    """Return a warning if a study's results are gone with this container; None if they are kept, or may be.

    mounts: the content of /proc/self/mountinfo.
    """
    if not in_container(environment) or "://" in output:
        return None
    path = os.path.realpath(output)
    place, kind = _mount_of(path, mounts)
    if place != "/" and kind not in IN_MEMORY:
        return None
    where = "in this container's memory" if kind in IN_MEMORY else "in this container alone"
    folder = RESULTS if Path(path).is_relative_to(RESULTS) else path
    volume = re.sub(r'(["$`\\])', r"\\\1", folder)
    return (
        f"The results lie {where}, in {path}, and are lost when it is removed (at its end, with --rm). To keep "
        f'them, mount a folder of this machine: -v "$PWD/results:{volume}"'
    )


def way_out(output: str, environment: Mapping[str, str]) -> str:
    """Return what to add to the message of an output that cannot be written to; "" for a store, or in no container."""
    if not in_container(environment) or "://" in output:
        return ""
    return (
        '. In a container: docker run --user "$(id -u):$(id -g)" writes as you; make the folder before you mount it, '
        "because Docker makes it root's"
    )


def mounts() -> str:
    """Return this process's table of mounts; "" where there is none."""
    try:
        return MOUNTS.read_text()
    except OSError:
        return ""


def _mount_of(path: str, mounts: str) -> tuple[str, str]:
    """Return the mount point that holds a path, and the type of its file system; of several, the one mounted last."""
    holding = [(place, kind) for place, kind in _entries(mounts) if Path(path).is_relative_to(place)]
    return max(reversed(holding), key=lambda entry: len(entry[0]), default=("", ""))


def _entries(mounts: str) -> Iterator[tuple[str, str]]:
    """Yield mount points and types: the fifth field, with octal escapes, and the first after the separator."""
    for line in mounts.splitlines():
        before, separator, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if separator and len(fields) > 4 and kind:
            yield re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]), kind[0]
