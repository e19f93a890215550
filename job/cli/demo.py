"""The embedded study, which `medsam-job demo` runs: `specs/quickstart.yaml`."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]


def quickstart(package: Path = PACKAGE) -> str:
    """Return the path of the embedded study. A wheel has the folder specs/ in the package, a checkout beside it."""
    inside = package / "specs"
    return str((inside if inside.is_dir() else package.parent / "specs") / "quickstart.yaml")
