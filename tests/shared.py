"""Reference data beside a checkout: `../shared` from the project's root, or the folder MEDSAM_SHARED."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("MEDSAM_SHARED", Path(__file__).parents[1].parent / "shared"))

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and os.environ.get("CI") != "true",
    reason=f"no reference data at {SHARED}; in CI this fails instead",
)
