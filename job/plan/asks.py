"""What each block of prompts asks of each model; what a model does not support is refused here, before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import product

from job.errors import Fault, SpecError
from job.models.protocol import Capabilities
from job.models.registry import capabilities
from job.prompts.clicks import PROTOCOLS
from job.prompts.modes import POINT_MODES
from job.spec import LoadedSpec
from job.spec.cross_checks import unlike_fault
from job.spec.prompts import CLICKS, ONE_SHOT, MaskChoice, Prompts


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One block of prompts as one model gets it.

    protocol: `one-shot` with `prompts` the names of modes, or a click protocol with `prompts` = (`clicks`,).
    mask_choices: as asked, or (`single`,) for a model with one mask. steps: clicks for each object, 1 for modes.
    """

    protocol: str
    prompts: tuple[str, ...]
    mask_choices: tuple[MaskChoice, ...]
    steps: int = 1
    target_iou: float | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An ask with the model and the block of the spec that it comes from."""

    model: str
    block: int
    ask: Ask


def asks(spec: LoadedSpec) -> list[Asked]:
    """Resolve every block for every model that it is for; raise SpecError with all that is not supported."""
    found: list[Asked] = []
    faults: list[Fault] = []
    for model in spec.study.models:
        able = capabilities(model)
        for index, block in enumerate(spec.study.prompts):
            if block.models is not None and model.name not in block.models:
                continue
            for key, reason in _refusals(block, able):
                hint = None if block.models else "name the models that it is for: models: […]"
                faults.append(spec.source.fault(("prompts", index, key), f"{model.name} {reason}", hint=hint))
            found.append(Asked(model=model.name, block=index, ask=_resolve(block, able)))
    faults.extend(_asked_twice(spec, found))
    faults.extend(_never_alike(spec, found))
    if faults:
        raise SpecError(faults)
    return found


def _asked_twice(spec: LoadedSpec, found: Sequence[Asked]) -> Iterator[Fault]:
    """Find the blocks that would give rows which another gives already: the two could not be told apart."""
    first: dict[tuple[str, ...], int] = {}
    for one in found:
        for row in _rows(one):
            block = first.setdefault(row, one.block)
            if block != one.block:
                yield spec.source.fault(("prompts", one.block), f"prompts[{block}] asks {', '.join(row)} already")
                break


def _never_alike(spec: LoadedSpec, found: Sequence[Asked]) -> Iterator[Fault]:
    """Find out whether a comparison would have no pair of rows, by the rule of `pairs.sql`."""
    compare = spec.study.statistics.compare
    rows = {row for one in found for row in _rows(one)}
    if compare is not None and not _alike(rows, compare.model, compare.baseline):
        hint = "exchange the two" if _alike(rows, compare.baseline, compare.model) else None
        yield unlike_fault(spec.source, compare, hint)


def _alike(rows: Set[tuple[str, ...]], model: str, baseline: str) -> bool:
    """Whether a row of the model has its like among those of the baseline: of the same choice, or of its one mask."""
    return any(
        (baseline, *row[1:]) in rows or (baseline, *row[1:-1], "single") in rows for row in rows if row[0] == model
    )


def _rows(one: Asked) -> Iterator[tuple[str, ...]]:
    """Give model, protocol, prompt and mask choice of each row of an object and step."""
    return product([one.model], [one.ask.protocol], one.ask.prompts, one.ask.mask_choices)


def _resolve(block: Prompts, able: Capabilities) -> Ask:
    choices: tuple[MaskChoice, ...] = block.mask_choice if able.multimask else ("single",)
    if block.clicks is None:
        return Ask(protocol=ONE_SHOT, prompts=tuple(block.modes or ()), mask_choices=choices)
    return Ask(
        protocol=block.clicks.protocol,
        prompts=(CLICKS,),
        mask_choices=choices,
        steps=block.clicks.steps,
        target_iou=block.clicks.target_iou,
    )


def _refusals(block: Prompts, able: Capabilities) -> Iterator[tuple[str, str]]:
    """Give the key of the block and the reason for each thing that the model cannot do."""
    modes = block.modes or ()
    points = [mode for mode in modes if mode in POINT_MODES]
    boxes = [mode for mode in modes if mode not in POINT_MODES]
    if points and not able.points:
        yield "modes", f"takes no points, which {', '.join(points)} would give it"
    if boxes and not able.boxes:
        yield "modes", f"takes no boxes, which {', '.join(boxes)} would give it"
    if block.clicks is not None and not able.points:
        yield "clicks", "takes no points, so it cannot be clicked"
    elif block.clicks is not None and PROTOCOLS[block.clicks.protocol].feedback and able.memory == "none":
        yield "clicks", f"takes no previous mask, which the protocol {block.clicks.protocol} feeds back"
