"""Reference data that lies beside a checkout: `../shared`, seen from the project's root."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[1].parent / "shared"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir() and os.environ.get("CI") != "true",
    reason=f"no reference data at {SHARED}; in CI this fails instead",
)
