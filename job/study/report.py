"""What the page of a study shows."""

from __future__ import annotations

from job.study.strict import Strict


class Report(Strict):
    """What `report.html` shows. It changes no row."""

    images: bool = True
    """Whether single cases are shown on their images. `false`: masks alone, so that no image leaves its store."""
