"""The lock-step loop: prompts -> model -> masks -> scores, many objects at a time. It reads and writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

from job.datasets.sample import Sample
from job.evaluate.clicks import run_clicks
from job.evaluate.encoded import Conditions, EncodedSample
from job.evaluate.one_shot import run_modes
from job.evaluate.refused import Refused, without
from job.models.protocol import PromptableModel
from job.models.returned import check_encoded
from job.prompts.blocks import PromptBlock
from job.results.outcome import Outcome

__all__ = ["Conditions", "EncodedSample", "Refused", "encode", "evaluate", "without"]


def encode(model: PromptableModel, samples: Sequence[Sample], prepared: Sequence[Any]) -> list[EncodedSample]:
    """Encode each image once, for all prompts on it. prepared: what the model's `prepare` returned for each sample.

    Raise DataError if the model returns other images than it was given.
    """
    images = model.encode(prepared)
    check_encoded([sample.image_HWC.shape[:2] for sample in samples], images)
    return [EncodedSample(sample=sample, image=image) for sample, image in zip(samples, images, strict=True)]


def evaluate(
    model: PromptableModel,
    encoded: Sequence[EncodedSample],
    block: PromptBlock,
    conditions: Conditions,
    pool: Executor,
) -> Iterator[Outcome | Refused]:
    """Run every episode of a prompt block on every object. `pool` computes prompts and encodes masks.

    Rows that a `Refused` covers are void, see `without`.
    """
    run = run_modes if block.is_one_shot else run_clicks
    return run(model, encoded, block, conditions, pool)
