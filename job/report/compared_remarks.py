"""What a comparison of two outputs is of, in lines: what is paired, what else differs, what is left out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from job.statistics.compare import Comparison

REASONS = {
    "another truth": "another truth",
    "another size": "image of another size",
    "only before": "only in {before}",
    "only after": "only in {after}",
}
Row = dict[str, Any]


def remarks(comparison: Comparison) -> Iterator[str]:
    """Yield lines on what is compared, and on what is not."""
    before, after, models = comparison.before.alias, comparison.after.alias, comparison.models
    pairs = ", ".join(ours if ours == theirs else f"{theirs} minus {ours}" for ours, theirs in models.pairs.items())
    yield f"{after} minus {before}: {pairs}; {_counted(comparison.objects, 'object')} in both with the same truth"
    if comparison.equal_parts:
        share = f"{comparison.equal_parts} of {_counted(comparison.parts, 'part')}"
        yield f"{share} of {after} have the same name in {before}, and so the same rows"
    yield from _other_settings(comparison)
    for alias, missing in comparison.missing_parts.items():
        yield f"{alias} is incomplete: {_counted(missing, 'part')} missing"
    for alias, names in ((before, models.before), (after, models.after)):
        if names:
            yield f"only in {alias}, not compared: {', '.join(names)}"
    if models.before and models.after:
        yield f"to compare models of different names: --model {models.before[0]}={models.after[0]}"
    for row in comparison.unpaired_runs.to_pylist():
        yield f"no counterpart, not compared: {row['model']}, {_described(row)}"
    for row in comparison.left_out.to_pylist():
        reason = REASONS[row["state"]].format(before=before, after=after)
        count = f"{_counted(row['objects'], 'object')} of {row['dataset']}: {row['task']}"
        yield f"not compared, {reason}: {count}, such as {row['examples']}"
    for row in comparison.missing.to_pylist():
        lacking = f"{_counted(row['missing'], 'object')} of {row['dataset']}: {row['task']}"
        yield f"{row['model']} has no scores of {lacking} ({_described(row)})"


def legend(comparison: Comparison) -> str:
    """Return how intervals and p were made, which tasks have no part in them, and what `tasks changed` means."""
    overall = comparison.overall.to_pylist()
    clusters = sorted({row["cluster"] for row in overall})
    few = sorted({name for row in overall for name in (row["few_tasks"] or "").split("; ") if name})
    left_out = f" Tasks of fewer have no part in the means over tasks: {'; '.join(few)}." if few else ""
    return (
        f"Intervals ({100 * comparison.statistics.confidence:g} %) and p: bootstrap and sign flips by "
        f"{' or '.join(clusters)}; – fewer than five in a task.{left_out} Tasks changed: those whose interval, each "
        f"taken alone, excludes 0; p by task is corrected over tasks by Holm. Settings and clusters are those of "
        f"{comparison.before.alias}."
    )


def _other_settings(comparison: Comparison) -> Iterator[str]:
    """Yield lines on the settings of the two plans that differ, and on other weights."""
    before, after = comparison.before, comparison.after
    for name in ("precision", "batch", "limit"):
        ours, theirs = getattr(before.plan, name), getattr(after.plan, name)
        if ours != theirs:
            yield f"{name}: {ours or 'none'} in {before.alias}, {theirs or 'none'} in {after.alias}"
    for ours, theirs in comparison.models.pairs.items():
        if before.plan.models[ours].sha256 != after.plan.models[theirs].sha256:
            yield f"{after.model(theirs)} has other weights than {before.model(ours)}"


def _described(row: Row) -> str:
    return f"{row['prompt']}, {row['protocol']}, mask choice {row['mask_choice']}, seed {row['seed']}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
