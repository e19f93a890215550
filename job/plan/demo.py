"""Demo weights: the remark that must accompany their scores everywhere."""

from __future__ import annotations

from collections.abc import Mapping

from job.models.demo_weights import DEMO


def demo_remark(purposes: Mapping[str, str | None]) -> str | None:
    """Return the remark that names the models with demo weights; None if there are none. purposes: by model."""
    names = [model for model, purpose in purposes.items() if purpose == DEMO]
    if not names:
        return None
    return f"Demo weights: {', '.join(names)}. They show that the job works; they say nothing about SAM against RITM."
