"""The spec of a plan, as the workers that carried it out stored it."""

from __future__ import annotations

from typing import Any

from job import storage
from job.results.notes import read_note


def stored_spec(output: str, plan: str) -> dict[str, Any] | None:
    """Return the spec of a plan as written, `${VAR}` unexpanded; None while no worker has stored its manifest."""
    files = storage.list_files(storage.join(output, "manifests"), "*.json")
    for file in reversed(files):
        manifest = read_note(file.address) or {}
        if manifest.get("plan") == plan and isinstance(manifest.get("spec"), dict):
            spec: dict[str, Any] = manifest["spec"]
            return spec
    return None
