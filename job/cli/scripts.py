"""The scripts that pages of figures hold."""

from __future__ import annotations

from job import storage
from job.report.page.bundle import bundle, bundle_name


def vega() -> str:
    """Return the bundle of Vega, made once for all runs of a user. Raise JobError if it cannot be made."""
    return storage.kept(bundle_name(), bundle)
