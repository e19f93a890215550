"""One-shot modes: every mode prompts every object once, with one request for each prompt of the mode."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass

from job.datasets.sample import Sample, TaskObject
from job.evaluate.batching import batches, predict, request
from job.evaluate.encoded import Conditions, EncodedSample
from job.evaluate.lanes import Lane, take_turns
from job.evaluate.refused import Refused
from job.models.mask_choice import Candidates, Chosen, Taken
from job.models.protocol import PromptableModel
from job.models.truths import Truths
from job.prompts.blocks import PromptBlock
from job.prompts.checked import RefusedPromptsError
from job.prompts.modes import Prompt, Target, prompt_mode
from job.prompts.placing import prompts_of_mode
from job.results import run_lengths
from job.results.outcome import Outcome


@dataclass(frozen=True, kw_only=True, eq=False)
class PromptedObject:
    """One object prompted by one mode. The choices among three candidates share its requests; `single` has its own.

    truth: the index of the object's truth among those of the block.
    """

    encoded: EncodedSample
    object: TaskObject
    truth: int
    mode: str
    choices: tuple[str, ...]
    prompts: Sequence[Prompt]

    @property
    def multimask(self) -> bool:
        """Whether its requests ask for three candidates."""
        return self.choices != ("single",)


def run_modes(
    model: PromptableModel,
    encoded: Sequence[EncodedSample],
    block: PromptBlock,
    conditions: Conditions,
    pool: Executor,
) -> Iterator[Outcome | Refused]:
    """Evaluate every mode on every object, in batches of at most `conditions.batch` requests."""
    truths = Truths([obj.truth_HW for encoded_sample in encoded for obj in encoded_sample.sample.objects])
    all_prompted = _prompted(encoded, block, conditions, pool)
    lanes = batches(all_prompted, conditions.batch, weight=_requests)
    return take_turns(_lane(model, lane, block, truths, conditions, pool) for lane in lanes)


def _prompted(
    encoded: Sequence[EncodedSample], block: PromptBlock, conditions: Conditions, pool: Executor
) -> Iterator[PromptedObject | Refused]:
    """Yield what is to be evaluated, and what is left out.

    The prompts of all objects are computed in threads, ahead of their turn.
    """
    objects = [(encoded_sample, obj) for encoded_sample in encoded for obj in encoded_sample.sample.objects]
    prompts = [pool.submit(_prompts, encoded_sample.sample, obj, block, conditions) for encoded_sample, obj in objects]
    among_candidates = tuple(choice for choice in block.mask_choices if choice != "single")
    single = tuple(choice for choice in block.mask_choices if choice == "single")
    for truth, ((encoded_sample, obj), prompts_of_object) in enumerate(zip(objects, prompts, strict=True)):
        with conditions.stage("wait for prompts"):
            prompts_by_mode = prompts_of_object.result()
        for mode, prompts_or_fault in prompts_by_mode.items():
            if isinstance(prompts_or_fault, RefusedPromptsError):
                yield _refused(encoded_sample.sample, obj, block.key(mode), prompts_or_fault)
                continue
            for choices in filter(None, (among_candidates, single)):
                yield PromptedObject(
                    encoded=encoded_sample,
                    object=obj,
                    truth=truth,
                    mode=mode,
                    choices=choices,
                    prompts=prompts_or_fault,
                )


def _prompts(
    sample: Sample, obj: TaskObject, block: PromptBlock, conditions: Conditions
) -> dict[str, list[Prompt] | RefusedPromptsError]:
    """Return the prompts of each mode, or why they are not used. It runs in a thread."""
    target, draw = Target(obj.truth_HW), conditions.draw(sample, obj)
    by_mode: dict[str, list[Prompt] | RefusedPromptsError] = {}
    with conditions.stage("prompt"):
        for mode in block.prompts:
            try:
                by_mode[mode] = prompts_of_mode(block, mode, target, draw)
            except RefusedPromptsError as error:
                by_mode[mode] = error
    return by_mode


def _refused(sample: Sample, obj: TaskObject, key: tuple[str, str], error: RefusedPromptsError) -> Refused:
    prompt, protocol = key
    return Refused(
        sample=sample,
        object=obj,
        prompt=prompt,
        protocol=protocol,
        mask_choice=None,
        reason=error.reason,
        detail=error.detail,
    )


def _requests(item: PromptedObject | Refused) -> int:
    return len(item.prompts) if isinstance(item, PromptedObject) else 0


def _lane(
    model: PromptableModel,
    lane: Sequence[PromptedObject | Refused],
    block: PromptBlock,
    truths: Truths,
    conditions: Conditions,
    pool: Executor,
) -> Lane[Outcome | Refused]:
    """Run a batch of requests. Another lane has its turn while the device predicts."""
    all_prompted = [item for item in lane if isinstance(item, PromptedObject)]
    refused = [item for item in lane if isinstance(item, Refused)]
    if not all_prompted:
        return refused
    with conditions.stage("predict"):
        chosen = _predict(model, all_prompted, truths, conditions.batch)
    yield refused
    with conditions.stage("wait for the device"):
        all_taken = chosen.taken()
    rows: list[Future[Outcome]] = []
    for prompted, taken_by_choice in zip(all_prompted, all_taken, strict=True):
        for choice, taken in taken_by_choice.items():
            rows.append(pool.submit(_outcome, prompted, block, choice, taken, conditions))
    yield ()
    with conditions.stage("wait for prompts"):
        return [row.result() for row in rows]


def _predict(model: PromptableModel, lane: Sequence[PromptedObject], truths: Truths, batch: int) -> Chosen:
    requests = [
        request(prompted.encoded.image, prompt.points, prompt.box, multimask=prompted.multimask)
        for prompted in lane
        for prompt in prompted.prompts
    ]
    predictions = iter(predict(model, requests, batch))
    candidates = [
        Candidates(
            predictions=[next(predictions) for _ in prompted.prompts], truth=prompted.truth, choices=prompted.choices
        )
        for prompted in lane
    ]
    return Chosen(candidates, truths)


def _outcome(
    prompted: PromptedObject, block: PromptBlock, choice: str, taken: Taken, conditions: Conditions
) -> Outcome:
    name, protocol = block.key(prompted.mode)
    with conditions.stage("score"):
        mask = run_lengths.encode(taken.mask())
    points = tuple(point for prompt in prompted.prompts for point in prompt.points)
    return Outcome(
        sample=prompted.encoded.sample,
        object=prompted.object,
        prompt=name,
        protocol=protocol,
        mask_choice=choice,
        step=1,
        intersection_px=taken.intersection_px,
        union_px=taken.union_px,
        predicted_iou=taken.predicted_iou,
        mask_index=None if _each_chooses(prompted, choice) else taken.index,
        point=points[0] if len(points) == 1 else None,
        status="ok",
        points=points,
        boxes=tuple(prompt.box for prompt in prompted.prompts if prompt.box is not None),
        mask=mask,
    )


def _each_chooses(prompted: PromptedObject, choice: str) -> bool:
    """Return whether each of several calls chooses its own candidate; then `mask_index` is null, even after one."""
    return choice == "score" and prompt_mode(prompted.mode).most_calls > 1
