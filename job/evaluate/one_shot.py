"""One-shot modes: each mode is asked of each object once, in as many calls as the mode has prompts."""

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
class Question:
    """One mode on one object. All choices among three candidates share its calls; `single` has its own."""

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
    """Evaluate every mode on every object, a batch of questions at a time, so that memory stays bounded."""
    questions = (question for sample in encoded for question in _questions(sample, block, conditions, pool))
    for batch in batches(questions, conditions.batch, weight=lambda question: len(question.prompts)):
        requests = [
            request(question.encoded.image, prompt.points, prompt.box, multimask=question.multimask)
            for question in batch
            for prompt in question.prompts
        ]
        remaining = iter(predict(model, requests))
        for question in batch:
            predictions = [next(remaining) for _ in question.prompts]
            yield from pool.map(partial(_outcome, question, block.protocol, predictions), question.choices)


def _questions(
    encoded: EncodedSample, block: PromptBlock, conditions: Conditions, pool: Executor
) -> Iterator[Question]:
    among_candidates = tuple(choice for choice in block.mask_choices if choice != "single")
    single = tuple(choice for choice in block.mask_choices if choice == "single")
    sample = encoded.sample
    cases = [(obj, mode) for obj in sample.objects for mode in block.prompts]
    prompts_of_cases = pool.map(lambda case: MODES[case[1]](case[0].truth_HW, conditions.draw(sample, case[0])), cases)
    for (obj, mode), prompts in zip(cases, prompts_of_cases, strict=True):
        for choices in filter(None, (among_candidates, single)):
            multimask = choices is among_candidates
            yield Question(
                encoded=encoded, object=obj, mode=mode, choices=choices, multimask=multimask, prompts=prompts
            )


def _outcome(question: Question, protocol: str, predictions: Sequence[Prediction], choice: str) -> Outcome:
    taken = take_joined(choice, predictions, question.object.truth_HW)
    points = tuple(point for prompt in question.prompts for point in prompt.points)
    return Outcome(
        sample=question.encoded.sample,
        object=question.object,
        prompt=question.mode,
        protocol=protocol,
        mask_choice=choice,
        step=1,
        intersection_px=taken.intersection_px,
        union_px=taken.union_px,
        predicted_iou=taken.predicted_iou,
        mask_index=None if _each_call_chooses(question, choice) else taken.index,
        point=points[0] if len(points) == 1 else None,
        status="ok",
        points=points,
        boxes=tuple(prompt.box for prompt in question.prompts if prompt.box is not None),
        mask=run_lengths.encode(taken.mask_HW),
    )


def _each_call_chooses(question: Question, choice: str) -> bool:
    """Return whether each box takes its own candidate, so that no one index names the choice, even with one box."""
    return question.mode == "each_box" and choice == "score"
