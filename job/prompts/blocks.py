"""A prompt block: the prompts of one model for every object, either one-shot modes or simulated clicks."""

from __future__ import annotations

from dataclasses import dataclass

from job.study.prompts import CLICKS, ONE_SHOT, MaskChoice, Prompts
from job.study.protocols import protocols


@dataclass(frozen=True, kw_only=True)
class PromptBlock:
    """One block of the spec, resolved for one model.

    protocol: `one-shot`, with the names of modes as `prompts`, or a click protocol, with (`clicks`,) as `prompts`.
    mask_choices: those of the spec, or (`single`,) for a model with one mask. steps: clicks per object, 1 for modes.
    first_step: that of an object's first row, 0 for a protocol that begins with a box.
    brought_by: name and version of the other package that brings the protocol, if one does: rows of another version are
    not taken for its own.
    """

    protocol: str
    prompts: tuple[str, ...]
    mask_choices: tuple[MaskChoice, ...]
    steps: int = 1
    first_step: int = 1
    target_iou: float | None = None
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


def resolve(block: Prompts, *, multimask: bool) -> PromptBlock:
    """Resolve a block of the spec for a model. multimask: whether the model returns three candidates."""
    choices: tuple[MaskChoice, ...] = block.mask_choice if multimask else ("single",)
    if block.clicks is None:
        return PromptBlock(protocol=ONE_SHOT, prompts=tuple(block.modes or ()), mask_choices=choices)
    return PromptBlock(
        protocol=block.clicks.protocol,
        prompts=(CLICKS,),
        mask_choices=choices,
        steps=block.clicks.steps,
        first_step=block.clicks.first_step,
        target_iou=block.clicks.target_iou,
        brought_by=protocols()[block.clicks.protocol].other_packages,
    )
