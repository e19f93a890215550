"""The contrasts of a study as a relation: those of its spec, and those that every study has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations
from typing import Any

import pyarrow as pa

from job.study.statistics import Selector
from job.study.study import Study

FIELDS = ("model", "prompt", "protocol", "mask_choice", "step", "seed")
CONTRASTS = pa.schema(
    [
        ("contrast_index", pa.int64()),
        ("contrast", pa.string()),
        ("kind", pa.string()),
        ("has_steps", pa.bool_()),
        *(
            (f"{side}_{name}", pa.int64() if name == "seed" else pa.string())
            for side in ("of", "minus")
            for name in FIELDS
        ),
    ]
)
REGRET = "oracle minus score"
"""What choosing a mask by its predicted IoU loses against the best of the three, before later clicks differ."""
FIRST_PROMPT = {"of_step": "prompt", "minus_step": "prompt", "has_steps": True}
"""The step at which all models have candidates: the first click, or the box before it. No spec can name it."""


def contrasts(study: Study) -> pa.Table:
    """Return the relation `contrasts`: contrast_index, contrast, kind, has_steps, of_* and minus_*.

    What one side leaves out is as on the other; what both leave out is null. kind: `compare` and `contrast` are the
    spec's; `regret`, and `pair` of three or more models, every study has. has_steps: the contrast names a step.
    """
    return _table(_contrasts(study))


def between(pairs: Iterable[tuple[str, str]]) -> pa.Table:
    """Return the relation `contrasts` of models, each minus its baseline, wherever both have the same kind of run."""
    return _table(
        _row("compare", f"{model} minus {baseline}", Selector(model=model), Selector(model=baseline))
        for model, baseline in pairs
    )


def _table(contrasts: Iterable[dict[str, Any]]) -> pa.Table:
    rows = [{"contrast_index": index, **row} for index, row in enumerate(contrasts)]
    return pa.Table.from_pylist(rows, schema=CONTRASTS)


def _contrasts(study: Study) -> Iterator[dict[str, Any]]:
    """Yield the comparison, the spec's own contrasts, the regret of scores, and all pairs of three or more models."""
    compare = study.statistics.compare
    pairs = [] if compare is None else [(compare.model, compare.baseline)]
    for model, baseline in pairs:
        yield _row("compare", f"{model} minus {baseline}", Selector(model=model), Selector(model=baseline))
    for contrast in study.statistics.contrasts:
        yield _row("contrast", contrast.name, contrast.of, contrast.minus)
    yield _row("regret", REGRET, Selector(mask_choice="oracle"), Selector(mask_choice="score")) | FIRST_PROMPT
    names = [model.name for model in study.models]
    if len(names) > 2:
        for model, baseline in combinations(names, 2):
            if (model, baseline) not in pairs and (baseline, model) not in pairs:
                sides = Selector(model=model), Selector(model=baseline)
                yield _row("pair", f"{model} minus {baseline}", *sides)


def _row(kind: str, name: str, of: Selector, minus: Selector) -> dict[str, Any]:
    ours, theirs = _texts(of), _texts(minus)
    has_steps = of.step is not None or minus.step is not None
    row = {"kind": kind, "contrast": name, "has_steps": has_steps}
    for field in FIELDS:
        row[f"of_{field}"] = theirs[field] if ours[field] is None else ours[field]
        row[f"minus_{field}"] = ours[field] if theirs[field] is None else theirs[field]
    return row


def _texts(selector: Selector) -> dict[str, Any]:
    """Return the fields of a selector; a step as text."""
    step = None if selector.step is None else str(selector.step)
    return selector.model_dump() | {"step": step}
