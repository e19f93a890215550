"""What can be said of parsed YAML before its types are checked."""

from __future__ import annotations

from typing import Any, TypeGuard


def mappings(value: Any) -> list[tuple[int, dict[str, Any]]]:
    """Return the items of a list that are mappings, each with its index."""
    items = enumerate(value) if isinstance(value, list) else ()
    return [(index, item) for index, item in items if isinstance(item, dict)]


def is_map(value: Any) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a mapping."""
    return isinstance(value, dict)
