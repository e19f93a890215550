"""`reference`: the mean IoU of the published study."""

from __future__ import annotations

from job.errors import EXIT_DONE
from job.report import show
from job.statistics.reference import published


def reference(form: str) -> int:
    """Print the published study's mean IoU by task."""
    show.write(published(), form)
    return EXIT_DONE
