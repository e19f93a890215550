"""Click protocols: all episodes of a lane advance together, one prompt at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import chain

import numpy as np

from job.evaluate.batching import batches, predict, request
from job.evaluate.encoded import Conditions, EncodedSample
from job.evaluate.episodes import Episode, Move, accept, row_of
from job.evaluate.lanes import IN_TURN, Lane, take_turns
from job.evaluate.refused import Refused
from job.metrics import overlap
from job.models.mask_choice import Candidates, Chosen, Taken
from job.models.protocol import PromptableModel
from job.models.truths import Truths
from job.prompts.blocks import PromptBlock
from job.prompts.boxes import Box, Mask
from job.prompts.checked import RefusedPromptsError
from job.prompts.clicks import End, Situation, click_protocol
from job.prompts.modes import Point
from job.prompts.placing import first_prompt, next_click
from job.results import run_lengths
from job.results.outcome import Outcome


def run_clicks(
    model: PromptableModel,
    encoded: Sequence[EncodedSample],
    block: PromptBlock,
    conditions: Conditions,
    pool: Executor,
) -> Iterator[Outcome | Refused]:
    """Click on every object `block.steps` times; an ended episode repeats its last row for each remaining step.

    An object whose protocol gives no click that a model can be asked is left out: rows of it that came before are void.

    Where the protocol begins with a box, an object has a row of step 0 before those of its clicks.
    """
    objects = [(encoded_sample, obj) for encoded_sample in encoded for obj in encoded_sample.sample.objects]
    episodes = [
        [
            Episode(
                encoded=encoded_sample,
                object=obj,
                truth=truth,
                choice=choice,
                draw=conditions.draw(encoded_sample.sample, obj),
            )
            for choice in block.mask_choices
        ]
        for truth, (encoded_sample, obj) in enumerate(objects)
    ]
    clicking = _Clicking(model, block, Truths([obj.truth_HW for _, obj in objects]), conditions, pool)
    # The choices on one object share a lane, because they share requests while they agree.
    lanes = batches(episodes, lane_size(sum(map(len, episodes)), conditions.batch), weight=len)
    return take_turns(clicking.lane(list(chain.from_iterable(lane))) for lane in lanes)


def lane_size(episodes: int, batch: int) -> int:
    """Return how many episodes share a lane: a batch, or an equal share where there are fewer lanes than take turns."""
    return max(1, min(batch, -(-episodes // IN_TURN)))


@dataclass(frozen=True)
class _Clicking:
    """A block of clicks. pool: threads that place clicks and encode masks."""

    model: PromptableModel
    block: PromptBlock
    truths: Truths
    conditions: Conditions
    pool: Executor

    def lane(self, episodes: Sequence[Episode]) -> Lane[Outcome | Refused]:
        """Click on these objects. Others have a turn while threads place the clicks, and while the device predicts."""
        rows: Sequence[Outcome | Refused] = ()
        for step in range(self.block.first_step - 1, self.block.steps + 1):
            running = [episode for episode in episodes if episode.end is None]
            futures = [self.pool.submit(self._move, episode, step) for episode in running]
            yield rows
            with self.conditions.stage("wait for prompts"):
                moves = [future.result() for future in futures]
            for episode, move in zip(running, moves, strict=True):
                episode.latest, episode.refused = move.row, move.refused
            left_out = [self._refused(episode, episode.refused) for episode in running if episode.refused]
            episodes = [episode for episode in episodes if not episode.refused]
            of_step = [row_of(episode, step) for episode in episodes] if step >= self.block.first_step else ()
            rows = [*left_out, *of_step]
            prompted = [episode for episode, move in zip(running, moves, strict=True) if accept(episode, move.prompt)]
            if prompted:
                with self.conditions.stage("predict"):
                    chosen = self._predict(prompted, step + 1)
                yield ()
                with self.conditions.stage("wait for the device"):
                    all_taken = chosen.taken()
                for episode, taken in zip(prompted, all_taken, strict=True):
                    (episode.taken,) = taken.values()
        return rows

    def _move(self, episode: Episode, step: int) -> Move:
        """Make the row of a step, and place the next prompt. It runs in a thread, and changes nothing."""
        if episode.taken is None:
            return self._placed(first_prompt, None, _situation(episode, np.zeros_like(episode.object.truth_HW), 1))
        with self.conditions.stage("score"):
            mask_HW = episode.taken.mask()
            row = self._outcome(episode, episode.taken, mask_HW, step)
        if step == self.block.steps:
            return Move(row, None)
        if (
            self.block.target_iou is not None
            and overlap.iou(row.intersection_px, row.union_px) >= self.block.target_iou
        ):
            return Move(row, "target")
        return self._placed(next_click, row, _situation(episode, mask_HW, step + 1))

    def _placed(
        self, place: Callable[[PromptBlock, Situation], Box | Point | End], row: Outcome | None, situation: Situation
    ) -> Move:
        with self.conditions.stage("prompt"):
            try:
                return Move(row, place(self.block, situation))
            except RefusedPromptsError as error:
                return Move(row, None, error)

    def _refused(self, episode: Episode, error: RefusedPromptsError) -> Refused:
        name, protocol = self.block.key(self.block.prompts[0])
        return Refused(
            sample=episode.encoded.sample,
            object=episode.object,
            prompt=name,
            protocol=protocol,
            mask_choice=episode.choice,
            reason=error.reason,
            detail=error.detail,
        )

    def _outcome(self, episode: Episode, taken: Taken, mask_HW: Mask, step: int) -> Outcome:
        name, protocol = self.block.key(self.block.prompts[0])
        return Outcome(
            sample=episode.encoded.sample,
            object=episode.object,
            prompt=name,
            protocol=protocol,
            mask_choice=episode.choice,
            step=step,
            intersection_px=taken.intersection_px,
            union_px=taken.union_px,
            predicted_iou=taken.predicted_iou,
            mask_index=taken.index,
            point=episode.points[-1] if episode.points else None,
            status="ok",
            points=episode.points,
            boxes=() if episode.box is None else (episode.box,),
            mask=run_lengths.encode(mask_HW),
        )

    def _predict(self, episodes: Sequence[Episode], step: int) -> Chosen:
        """Run the model on each episode's prompts so far; return the masks chosen, on their way to the host."""
        feedback = click_protocol(self.block.protocol).feedback
        feeds_back = self.model.capabilities.mask_input == "always" or feedback
        # With feedback, the first prompt gets three candidates; later ones get the single-mask token's mask.
        has_candidates = step == self.block.first_step or not feedback
        choices = [episode.choice if has_candidates else "single" for episode in episodes]
        requests = [
            request(
                episode.encoded.image,
                episode.points,
                episode.box,
                multimask=choice != "single",
                mask_input=episode.taken.mask_input if feeds_back and episode.taken else None,
            )
            for episode, choice in zip(episodes, choices, strict=True)
        ]
        candidates = [
            Candidates(predictions=(prediction,), truth=episode.truth, choices=(choice,))
            for episode, choice, prediction in zip(
                episodes, choices, predict(self.model, requests, self.conditions.batch), strict=True
            )
        ]
        return Chosen(candidates, self.truths)


def _situation(episode: Episode, prediction_HW: Mask, step: int) -> Situation:
    return Situation(
        truth_HW=episode.object.truth_HW,
        labelled_HW=episode.object.labelled_HW,
        prediction_HW=prediction_HW,
        clicked=[(point.x, point.y) for point in episode.points],
        step=step,
        draw=episode.draw,
    )
