"""The small JSON files of an output."""

from __future__ import annotations

import json
from typing import Any

from job import storage


def to_json(value: dict[str, Any]) -> bytes:
    """Return a mapping as JSON, in a fixed order."""
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def read_note(address: str) -> dict[str, Any] | None:
    """Read a mapping; None if the file holds none."""
    try:
        value = json.loads(storage.read(address))
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
