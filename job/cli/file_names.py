"""Names of data sets, images and tasks as names of files."""

from __future__ import annotations

import re

UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
IMAGE_ENDING = re.compile(r"(\.nii)?\.[A-Za-z0-9]{1,5}$", re.IGNORECASE)


def safe(name: str) -> str:
    """Return a name that any file system takes, and that leads out of no folder. Two names may become the same."""
    return UNSAFE.sub("-", name).strip(".")[:100] or "-"


def without_ending(image: str) -> str:
    """Return the address of an image without the ending of its format."""
    return IMAGE_ENDING.sub("", image.rstrip("/"))
