"""What the statistics compare must be planned: with pairs of rows, and with the same clicks on both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from job.errors import Fault
from job.study import LoadedSpec
from job.study.cross_checks import incomparable_fault, unpaired_fault
from job.study.explain import nearest
from job.study.prompts import CLICKS, ONE_SHOT
from job.study.statistics import Compare, Contrast, Selector, Step
from job.study.yaml_source import Path, YamlSource

KEYS = ("model", "prompt", "protocol", "mask_choice")
"""What a run and a side of a contrast both state."""
BOX_STEP = "step 0 is the box that a protocol begins with, and none here does"
SAME_MAX = "state one `max` in both blocks"


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a block gives each object, once for each seed: a row for each of `steps` clicks, one for a mode.

    block: index in the spec. protocol: `one-shot` for modes. first_step: 0 if it begins with a box, which has a row
    too.
    """

    model: str
    protocol: str
    prompt: str
    mask_choice: str
    block: int
    first_step: int
    steps: int
    target_iou: float | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """The key of the run's rows, without step and seed."""
        return self.model, self.protocol, self.prompt, self.mask_choice

    def step(self, stated: Step | None) -> int | None:
        """Return the number of a step of the spec; None if it is left out."""
        return {"first": 1, "last": self.steps}.get(stated) if isinstance(stated, str) else stated


Pairs = Sequence[tuple[Run, Run]]


def comparison_faults(spec: LoadedSpec, runs: Sequence[Run]) -> Iterator[Fault]:
    """Yield the faults of `statistics.compare`, of each contrast and of `test_at`, given all planned runs."""
    statistics = spec.study.statistics
    if statistics.compare is not None:
        yield from _compare_faults(spec.source, statistics.compare, runs)
    for index, contrast in enumerate(statistics.contrasts):
        yield from _contrast_faults(spec, index, contrast, runs)
    most = max((block.clicks.steps for block in spec.study.prompts if block.clicks), default=0)
    begins_with_box = any(block.clicks.first_step == 0 for block in spec.study.prompts if block.clicks)
    for index, step in enumerate(statistics.test_at):
        if step == 0 and most and not begins_with_box:
            yield spec.source.fault(("statistics", "test_at", index), f"expected 1 to {most}: {BOX_STEP}", step)
        if isinstance(step, int) and (step > most or not most):
            expected = f"expected at most {most}, the most clicks of a block" if most else "no block has clicks"
            yield spec.source.fault(("statistics", "test_at", index), expected, step)


def _compare_faults(source: YamlSource, compare: Compare, runs: Sequence[Run]) -> Iterator[Fault]:
    pairs = _compared(runs, compare.model, compare.baseline)
    if not pairs:
        hint = "exchange the two" if _compared(runs, compare.baseline, compare.model) else None
        yield incomparable_fault(source, compare, hint)
    path: Path = ("statistics", "compare")
    yield from _other_max(source, path, pairs, SAME_MAX)
    yield from _other_target(source, path, pairs)


def _compared(runs: Sequence[Run], model: str, baseline: str) -> Pairs:
    """Return the pairs of a comparison, by the rule of `baseline_runs.sql`: of one mask choice, or with `single`."""
    return [
        (ours, theirs)
        for ours in runs
        for theirs in runs
        if ours.model == model
        and theirs.model == baseline
        and ours.key[1:3] == theirs.key[1:3]
        and theirs.mask_choice in (ours.mask_choice, "single")
    ]


def _contrast_faults(spec: LoadedSpec, index: int, contrast: Contrast, runs: Sequence[Run]) -> Iterator[Fault]:
    path: Path = ("statistics", "contrasts", index)
    of_side = [*_side_faults(spec, (*path, "of"), contrast.of, runs)]
    minus_side = [*_side_faults(spec, (*path, "minus"), contrast.minus, runs)]
    if of_side or minus_side:
        yield from (*of_side, *minus_side)
        return
    ours, theirs = (
        [run for run in _selected(side, runs, KEYS) if side.step is None or run.prompt == CLICKS]
        for side in (contrast.of, contrast.minus)
    )
    pairs = [(of, minus) for of in ours for minus in theirs if _is_pair(contrast, of, minus)]
    if not pairs:
        yield unpaired_fault(spec.source, index)
    clicked = [pair for pair in pairs if all(run.prompt == CLICKS for run in pair)]
    if contrast.of.step == contrast.minus.step and contrast.of.step in (None, "last"):
        yield from _other_max(spec.source, path, clicked, f"{SAME_MAX}, or a number as `step` on both sides")
    yield from _other_target(spec.source, path, clicked)


def _side_faults(spec: LoadedSpec, path: Path, side: Selector, runs: Sequence[Run]) -> Iterator[Fault]:
    """Yield a fault for what a side of a contrast states and no planned row has: the first of its keys, step, seed."""
    seeds = spec.study.all_seeds
    if side.seed is not None and side.seed not in seeds:
        hint = nearest(side.seed, [str(seed) for seed in seeds])
        yield spec.source.fault((*path, "seed"), "expected a seed of this study", side.seed, hint)
    for number, key in enumerate(KEYS):
        if getattr(side, key) is not None and not _selected(side, runs, KEYS[: number + 1]):
            value = spec.source.as_written((*path, key), getattr(side, key))
            known = sorted({getattr(run, key) for run in _selected(side, runs, KEYS[:number])} - {ONE_SHOT})
            hint = None if key == "model" else nearest(value, known)
            yield spec.source.fault((*path, key), "no block of `prompts` gives such rows", value, hint)
            return
    clicked = [run for run in _selected(side, runs, KEYS) if run.prompt == CLICKS]
    shortest = min(clicked, key=lambda run: run.steps, default=None)
    if side.step is not None and shortest is None:
        yield spec.source.fault((*path, "step"), "expected only with clicks, which no block gives this side", side.step)
    elif isinstance(side.step, int) and shortest is not None and side.step > shortest.steps:
        expected = f"expected at most {shortest.steps}, the clicks of prompts[{shortest.block}]"
        yield spec.source.fault((*path, "step"), expected, side.step)
    elif side.step == 0 and all(run.first_step for run in clicked):
        yield spec.source.fault((*path, "step"), f"expected 1 or more: {BOX_STEP}", side.step)


def _selected(side: Selector, runs: Sequence[Run], keys: Sequence[str]) -> list[Run]:
    """Return the runs that a side of a contrast selects by these of its keys."""
    return [run for run in runs if all(getattr(side, key) in (None, getattr(run, key)) for key in keys)]


def _is_pair(contrast: Contrast, of: Run, minus: Run) -> bool:
    """Return whether rows of two runs are a pair: equal in what neither side states, and not the same row.

    A mask choice that neither states is equal to a model's only one. A mode has neither protocol nor step.
    """
    equal = {key: getattr(of, key) == getattr(minus, key) for key in KEYS}
    equal["mask_choice"] |= "single" in (of.mask_choice, minus.mask_choice)
    equal["protocol"] |= (of.protocol == ONE_SHOT) != (minus.protocol == ONE_SHOT)
    stated = {key for key in KEYS if getattr(contrast.of, key) is not None or getattr(contrast.minus, key) is not None}
    ours, theirs = (
        (run.key, run.step(side.step), side.seed) for run, side in ((of, contrast.of), (minus, contrast.minus))
    )
    return ours != theirs and all(equal[key] for key in KEYS if key not in stated)


def _other_max(source: YamlSource, path: Path, pairs: Pairs, hint: str) -> Iterator[Fault]:
    for of, minus in pairs:
        if of.steps != minus.steps:
            found = f"prompts[{of.block}] has {of.steps} clicks, prompts[{minus.block}] {minus.steps}"
            yield source.fault(path, f"expected as many clicks on both sides: {found}", hint=hint)
            return


def _other_target(source: YamlSource, path: Path, pairs: Pairs) -> Iterator[Fault]:
    for of, minus in pairs:
        if of.target_iou != minus.target_iou:
            found = f"prompts[{of.block}] has {_shown(of)}, prompts[{minus.block}] {_shown(minus)}"
            hint = "state it in both blocks or in neither"
            yield source.fault(path, f"expected one `target_iou` on both sides: {found}", hint=hint)
            return


def _shown(run: Run) -> str:
    return "none" if run.target_iou is None else f"{run.target_iou:g}"
