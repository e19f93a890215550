"""Models whose weights were trained on data of the study: the remark that must accompany their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def seen_remark(models: Iterable[Mapping[str, Any]]) -> str | None:
    """Return the remark that names the models that have seen data of the study; None if there are none.

    models: of each its name (`model`), the names of the study's data sets that its weights were trained on
    (`datasets_seen`, None without any), and whether it is `zero_shot`.
    """
    named = [
        f"{row['model']} ({row['datasets_seen'] or 'not said which'})"
        for row in models
        if row["datasets_seen"] or row["zero_shot"] is False
    ]
    if not named:
        return None
    return (
        f"Trained on data of this study: {'; '.join(named)}. Scores there do not show how a model does on data that "
        "are new to it, and comparisons there are marked (seen_by)."
    )
