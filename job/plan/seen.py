"""Models whose weights were trained on data of the study: the remark that must accompany their scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def seen_remark(seen: Mapping[str, Iterable[str]]) -> str | None:
    """Return the remark that names the models; None if there are none.

    seen: by model, the data sets of the study that its weights were trained on; none if it is not known which.
    """
    if not seen:
        return None
    named = (f"{model} ({', '.join(datasets) or 'not said which'})" for model, datasets in seen.items())
    return (
        f"Trained on data of this study: {'; '.join(named)}. Scores there do not show how a model does on data that "
        "are new to it, and comparisons there are marked (seen_by)."
    )
