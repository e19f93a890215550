"""The lock-step loop: prompts -> model -> masks -> scores, many objects at a time. No reading and no writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor

from job.datasets.sample import Sample
from job.evaluate.clicks import run_clicks
from job.evaluate.one_shot import run_modes
from job.evaluate.view import Conditions, View
from job.models.protocol import PromptableModel
from job.plan.asks import Ask
from job.results.outcome import Outcome
from job.spec.prompts import ONE_SHOT

__all__ = ["Conditions", "View", "encode", "evaluate"]


def encode(model: PromptableModel, samples: Sequence[Sample]) -> list[View]:
    """Encode each image once, whatever will be asked of it."""
    images = model.encode([sample.image_HWC for sample in samples])
    return [View(sample=sample, image=image) for sample, image in zip(samples, images, strict=True)]


def evaluate(
    model: PromptableModel, views: Sequence[View], ask: Ask, conditions: Conditions, pool: Executor
) -> Iterator[Outcome]:
    """Run every episode of an ask on every object of the views. `pool` computes prompts and encodes masks."""
    run = run_modes if ask.protocol == ONE_SHOT else run_clicks
    return run(model, views, ask, conditions, pool)
