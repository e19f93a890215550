"""One-shot modes: every mode prompts every object once, with one request for each prompt of the mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from job.datasets.sample import TaskObject
from job.evaluate.batching import batches, predict, request
from job.evaluate.encoded import Conditions, EncodedSample
from job.evaluate.mask_choice import take_joined
from job.models.protocol import Prediction, PromptableModel
from job.prompts.blocks import PromptBlock
from job.prompts.modes import MODES, Prompt
from job.results import run_lengths
from job.results.outcome import Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptedObject:
    """One object prompted by one mode. The choices among three candidates share its requests; `single` has its own."""

    encoded: EncodedSample
    object: TaskObject
    mode: str
    choices: tuple[str, ...]
    multimask: bool
    prompts: Sequence[Prompt]


def run_modes(
    model: PromptableModel,
    encoded: Sequence[EncodedSample],
    block: PromptBlock,
    conditions: Conditions,
    pool: Executor,
) -> Iterator[Outcome]:
    """Evaluate every mode on every object, in batches of at most `conditions.batch` requests."""
    all_prompted = (prompted for sample in encoded for prompted in _prompt(sample, block, conditions, pool))
    for batch in batches(all_prompted, conditions.batch, weight=lambda prompted: len(prompted.prompts)):
        requests = [
            request(prompted.encoded.image, prompt.points, prompt.box, multimask=prompted.multimask)
            for prompted in batch
            for prompt in prompted.prompts
        ]
        remaining = iter(predict(model, requests))
        for prompted in batch:
            predictions = [next(remaining) for _ in prompted.prompts]
            yield from pool.map(partial(_outcome, prompted, block.protocol, predictions), prompted.choices)


def _prompt(
    encoded: EncodedSample, block: PromptBlock, conditions: Conditions, pool: Executor
) -> Iterator[PromptedObject]:
    among_candidates = tuple(choice for choice in block.mask_choices if choice != "single")
    single = tuple(choice for choice in block.mask_choices if choice == "single")
    sample = encoded.sample
    cases = [(obj, mode) for obj in sample.objects for mode in block.prompts]
    prompts_of_cases = pool.map(lambda case: MODES[case[1]](case[0].truth_HW, conditions.draw(sample, case[0])), cases)
    for (obj, mode), prompts in zip(cases, prompts_of_cases, strict=True):
        for choices in filter(None, (among_candidates, single)):
            multimask = choices is among_candidates
            yield PromptedObject(
                encoded=encoded, object=obj, mode=mode, choices=choices, multimask=multimask, prompts=prompts
            )


def _outcome(prompted: PromptedObject, protocol: str, predictions: Sequence[Prediction], choice: str) -> Outcome:
    taken = take_joined(choice, predictions, prompted.object.truth_HW)
    points = tuple(point for prompt in prompted.prompts for point in prompt.points)
    return Outcome(
        sample=prompted.encoded.sample,
        object=prompted.object,
        prompt=prompted.mode,
        protocol=protocol,
        mask_choice=choice,
        step=1,
        intersection_px=taken.intersection_px,
        union_px=taken.union_px,
        predicted_iou=taken.predicted_iou,
        mask_index=None if _each_box_chooses(prompted, choice) else taken.index,
        point=points[0] if len(points) == 1 else None,
        status="ok",
        points=points,
        boxes=tuple(prompt.box for prompt in prompted.prompts if prompt.box is not None),
        mask=run_lengths.encode(taken.mask_HW),
    )


def _each_box_chooses(prompted: PromptedObject, choice: str) -> bool:
    """Return whether each box chooses its own candidate. Then `mask_index` is null, even for an object with one box."""
    return prompted.mode == "each_box" and choice == "score"
