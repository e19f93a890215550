"""One-shot modes: one question an object and a mode, answered by as many calls as the mode has prompts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from job import masks
from job.datasets.sample import TaskObject
from job.evaluate.ask_model import blocks, predict, request
from job.evaluate.choose import Taken, take_joined
from job.evaluate.view import Conditions, View
from job.models.protocol import Prediction, PromptableModel
from job.plan.asks import Ask
from job.prompts.modes import MODES, Prompt
from job.results.outcome import Outcome
from job.spec.prompts import ONE_SHOT


@dataclass(frozen=True, kw_only=True, eq=False)
class Question:
    """One mode on one object. All choices among three candidates share its calls; `single` asks for itself."""

    view: View
    object: TaskObject
    mode: str
    choices: tuple[str, ...]
    multimask: bool
    prompts: Sequence[Prompt]


def run_modes(
    model: PromptableModel, views: Sequence[View], ask: Ask, conditions: Conditions, pool: Executor
) -> Iterator[Outcome]:
    """Evaluate every mode on every object; a block of questions at a time, so that memory stays bounded."""
    questions = (question for view in views for question in _questions(view, ask, conditions, pool))
    for block in blocks(questions, conditions.batch, weight=lambda question: len(question.prompts)):
        requests = [
            request(question.view.image, prompt.points, prompt.box, multimask=question.multimask)
            for question in block
            for prompt in question.prompts
        ]
        answers = iter(predict(model, requests))
        for question in block:
            predictions = [next(answers) for _ in question.prompts]
            yield from pool.map(lambda choice, q=question, p=predictions: _outcome(q, choice, p), question.choices)


def _questions(view: View, ask: Ask, conditions: Conditions, pool: Executor) -> Iterator[Question]:
    several = tuple(choice for choice in ask.mask_choices if choice != "single")
    single = tuple(choice for choice in ask.mask_choices if choice == "single")
    cases = [(thing, mode) for thing in view.sample.objects for mode in ask.prompts]
    prompts = pool.map(lambda case: MODES[case[1]](case[0].truth_HW, conditions.draw(view, case[0])), cases)
    for (thing, mode), given in zip(cases, prompts, strict=True):
        for choices in filter(None, (several, single)):
            multimask = choices is several
            yield Question(view=view, object=thing, mode=mode, choices=choices, multimask=multimask, prompts=given)


def _outcome(question: Question, choice: str, predictions: Sequence[Prediction]) -> Outcome:
    taken: Taken = take_joined(choice, predictions, question.object.truth_HW)
    points = tuple(point for prompt in question.prompts for point in prompt.points)
    return Outcome(
        sample=question.view.sample,
        object=question.object,
        prompt=question.mode,
        protocol=ONE_SHOT,
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
        mask=masks.encode(taken.mask_HW),
    )


def _each_call_chooses(question: Question, choice: str) -> bool:
    """Whether no one index names what was taken, even if there happened to be one box only."""
    return question.mode == "each_box" and choice == "score"
