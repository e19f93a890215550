"""The prompt blocks of every model. A block that a model does not support is refused here, before any work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from job.errors import Fault, SpecError
from job.models.protocol import Capabilities
from job.models.registry import capabilities
from job.plan.comparisons import Run, comparison_faults
from job.prompts.blocks import PromptBlock, resolve
from job.prompts.clicks import click_protocol
from job.prompts.modes import prompt_mode
from job.study import LoadedSpec
from job.study.prompts import Prompts


@dataclass(frozen=True, kw_only=True)
class ModelBlock:
    """A prompt block, the model that runs it, and its index in the spec."""

    model: str
    index: int
    block: PromptBlock

    @property
    def runs(self) -> Iterator[Run]:
        """What each object gets: a run for each prompt and mask choice."""
        for (prompt, protocol), mask_choice in product(
            map(self.block.key, self.block.prompts), self.block.mask_choices
        ):
            yield Run(
                model=self.model,
                protocol=protocol,
                prompt=prompt,
                mask_choice=mask_choice,
                block=self.index,
                first_step=self.block.first_step,
                steps=self.block.steps,
                target_iou=self.block.target_iou,
            )


def prompt_blocks(spec: LoadedSpec) -> list[ModelBlock]:
    """Resolve every block for each of its models; raise SpecError with every fault."""
    resolved: list[ModelBlock] = []
    faults: list[Fault] = []
    for model in spec.study.models:
        supported = capabilities(model)
        for index, block in enumerate(spec.study.prompts):
            if block.models is not None and model.name not in block.models:
                continue
            for key, reason in _refusals(block, supported):
                hint = None if block.models else "name the models that it is for: models: […]"
                faults.append(spec.source.fault(("prompts", index, key), f"{model.name} {reason}", hint=hint))
            resolved.append(
                ModelBlock(model=model.name, index=index, block=resolve(block, multimask=supported.multimask))
            )
    faults.extend(_repeated(spec, resolved))
    faults.extend(comparison_faults(spec, [run for model_block in resolved for run in model_block.runs]))
    if faults:
        raise SpecError(faults)
    return resolved


def _repeated(spec: LoadedSpec, resolved: Sequence[ModelBlock]) -> Iterator[Fault]:
    """Find blocks whose rows have the same keys as those of an earlier block."""
    first: dict[tuple[str, ...], int] = {}
    for model_block in resolved:
        for run in model_block.runs:
            index = first.setdefault(run.key, model_block.index)
            if index != model_block.index:
                expected = f"expected keys that no other block has: prompts[{index}] gives {', '.join(run.key)} too"
                yield spec.source.fault(("prompts", model_block.index), expected)
                break


def _refusals(block: Prompts, supported: Capabilities) -> Iterator[tuple[str, str]]:
    """Yield the key of the block and the reason for everything that the model does not support."""
    modes = [prompt_mode(name) for name in block.modes or ()]
    points, boxes = [mode.name for mode in modes if mode.points], [mode.name for mode in modes if mode.boxes]
    if points and not supported.points:
        yield "modes", f"takes no points, which {', '.join(points)} would give it"
    if boxes and not supported.boxes:
        yield "modes", f"takes no boxes, which {', '.join(boxes)} would give it"
    if block.clicks is not None and not supported.points:
        yield "clicks", "takes no points, so it cannot be clicked"
    elif block.clicks is not None and click_protocol(block.clicks.protocol).feedback and supported.mask_input == "none":
        yield "clicks", f"takes no mask input, which the protocol {block.clicks.protocol} feeds back"
    if block.clicks is not None and click_protocol(block.clicks.protocol).box and not supported.boxes:
        yield "clicks", f"takes no boxes, and the protocol {block.clicks.protocol} begins with one"
