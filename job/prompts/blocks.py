"""A prompt block: the prompts of one model for every object, either one-shot modes or simulated clicks."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from job.study.jitter import Jitter, jitter_of, named
from job.study.modes import MODES
from job.study.prompts import CLICKS, ONE_SHOT, MaskChoice, Prompts
from job.study.protocols import PROTOCOLS


@dataclass(frozen=True, kw_only=True)
class PromptBlock:
    """One block of the spec, resolved for one model.

    protocol: `one-shot`, with the names of modes as `prompts`, or a click protocol, with (`clicks`,) as `prompts`.
    mask_choices: those of the spec, or (`single`,) for a model with one mask. steps: clicks per object, 1 for modes.
    first_step: that of an object's first row, 0 for a protocol that begins with a box.
    jitter: how far prompts are moved, null for not at all.
    brought_by: names and versions of the other packages that bring modes or protocol: rows of another version are not
    taken for theirs.
    """

    protocol: str
    prompts: tuple[str, ...]
    mask_choices: tuple[MaskChoice, ...]
    steps: int = 1
    first_step: int = 1
    target_iou: float | None = None
    jitter: Jitter | None = None
    brought_by: tuple[str, ...] = ()

    @property
    def is_one_shot(self) -> bool:
        """Whether the block consists of modes, not clicks."""
        return self.protocol == ONE_SHOT

    @property
    def episodes(self) -> int:
        """Episodes for each object: one for each pair of prompt and mask choice."""
        return len(self.prompts) * len(self.mask_choices)

    @property
    def rows(self) -> int:
        """Rows of each episode."""
        return self.steps - self.first_step + 1

    @property
    def names(self) -> tuple[str, ...]:
        """What its prompts are called: modes or a protocol, with the jitter."""
        return tuple(named(name, self.jitter) for name in (self.prompts if self.is_one_shot else (self.protocol,)))

    def key(self, prompt: str) -> tuple[str, str]:
        """Return `prompt` and `protocol` of a prompt's rows. A jitter is part of the name of a mode or protocol."""
        if self.is_one_shot:
            return named(prompt, self.jitter), self.protocol
        return prompt, named(self.protocol, self.jitter)


def resolve(block: Prompts, *, multimask: bool) -> PromptBlock:
    """Resolve a block of the spec for a model. multimask: whether the model returns three candidates."""
    choices: tuple[MaskChoice, ...] = block.mask_choice if multimask else ("single",)
    jitter = jitter_of(block.jitter) if block.jitter else None
    if block.clicks is None:
        modes = tuple(block.modes or ())
        packages = chain.from_iterable(MODES.all()[mode].other_packages for mode in modes)
        brought_by = tuple(dict.fromkeys(packages))
        return PromptBlock(protocol=ONE_SHOT, prompts=modes, mask_choices=choices, jitter=jitter, brought_by=brought_by)
    return PromptBlock(
        protocol=block.clicks.protocol,
        prompts=(CLICKS,),
        mask_choices=choices,
        steps=block.clicks.steps,
        first_step=block.clicks.first_step,
        target_iou=block.clicks.target_iou,
        jitter=jitter,
        brought_by=PROTOCOLS.all()[block.clicks.protocol].other_packages,
    )
