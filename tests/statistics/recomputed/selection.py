"""Which rows a contrast pairs, in plain Python, from the docstrings of `Selector` and the marts."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tests.statistics.recomputed.studies import OBJECT, RUN

FIELDS = ("model", "prompt", "protocol", "mask_choice", "step", "seed")


@dataclass(frozen=True)
class Side:
    """A run at a step, and what it must be known by to be selected."""

    run: dict
    step: int
    first: int
    last: int
    choices: frozenset

    @property
    def is_mode(self) -> bool:
        return self.run["protocol"] == "one-shot"

    def named(self, steps: tuple) -> bool:
        """Return whether tests are made here."""
        return self.is_mode or any(self.step == self.click(step) for step in steps)

    def click(self, step) -> int:
        """Return the click that a step means here."""
        return {"first": 1, "last": self.last, "prompt": self.first}.get(step, step)

    def can_be(self, choice: str) -> bool:
        """Return whether this is the run for a mask choice: that choice, or `single` of a model that lacks it."""
        own = self.run["mask_choice"]
        return own == choice or (own == "single" and choice not in self.choices)


def sides(scores: pd.DataFrame) -> list[Side]:
    """Return every run at every step."""
    first, last = scores.groupby(RUN)["step"].min(), scores.groupby(RUN)["step"].max()
    choices = scores.groupby(["model", "prompt", "protocol", "seed"])["mask_choice"].agg(frozenset)
    return [
        Side(
            run=dict(zip(RUN, key, strict=True)),
            step=step,
            first=first[key],
            last=last[key],
            choices=choices[(key[0], key[3], key[1], key[4])],
        )
        for *key, step in scores[[*RUN, "step"]].drop_duplicates().itertuples(index=False)
        for key in [tuple(key)]
    ]


def is_pair(of: dict, minus: dict, ours: Side, theirs: Side) -> bool:
    """Return whether a contrast pairs two sides."""
    if ours == theirs:
        return False
    of, minus = {**minus, **of}, {**of, **minus}  # what one side leaves out is as on the other
    for field in ("model", "prompt", "seed"):
        if field not in of and ours.run[field] != theirs.run[field]:
            return False
        for wanted, side in ((of, ours), (minus, theirs)):
            if field in wanted and side.run[field] != wanted[field]:
                return False
    if "mask_choice" in of:
        if not (ours.can_be(of["mask_choice"]) and theirs.can_be(minus["mask_choice"])):
            return False
    elif not (ours.can_be(theirs.run["mask_choice"]) or theirs.can_be(ours.run["mask_choice"])):
        return False
    return _same_clicks(of, minus, ours, theirs)


def _same_clicks(of: dict, minus: dict, ours: Side, theirs: Side) -> bool:
    """Return whether protocol and step fit. A mode beside clicks has neither; of two modes, each is its first click."""
    for wanted, side, other in ((of, ours, theirs), (minus, theirs, ours)):
        if side.is_mode and not other.is_mode:
            continue
        if "protocol" in wanted and side.run["protocol"] != wanted["protocol"]:
            return False
        if "step" in wanted and side.step != side.click(wanted["step"]):
            return False
    if ours.is_mode != theirs.is_mode:
        return True
    same_protocol = "protocol" in of or ours.run["protocol"] == theirs.run["protocol"]
    return same_protocol and ("step" in of or ours.step == theirs.step)


def paired(scores: pd.DataFrame, contrasts: list[tuple[str, str, dict, dict]]) -> pd.DataFrame:
    """Return one row per contrast x pair: the key of a comparison, and whether it is tested and in a series."""
    rows = []
    everything = sides(scores)
    for name, kind, of, minus in contrasts:
        for ours in everything:
            for theirs in everything:
                if is_pair(of, minus, ours, theirs):
                    rows.append(_described(name, kind, "step" in {**of, **minus}, ours, theirs))
    return pd.DataFrame([row for row in rows if row["kind"] != "pair" or row["tested"]])


def _described(name: str, kind: str, has_steps: bool, ours: Side, theirs: Side) -> dict:
    steps = (1, "last", 2)
    baseline = {f"baseline_{field}": theirs.run[field] for field in ("prompt", "protocol", "seed")}
    return (
        {"contrast": name, "kind": kind, **ours.run, "step": ours.step, "baseline": theirs.run["model"]}
        | baseline
        | {"baseline_choice": theirs.run["mask_choice"], "baseline_step": theirs.step}
        | {"tested": has_steps or (ours.named(steps) and theirs.named(steps)), "limits": (ours.last, theirs.last)}
        | {"in_series": not (has_steps or ours.is_mode or theirs.is_mode or kind == "pair" or ours.step == 0)}
    )


PAIR = [
    "contrast", *RUN, "step", "baseline", "baseline_prompt", "baseline_protocol", "baseline_choice", "baseline_seed",
    "baseline_step",
]  # fmt: skip
OF = [*RUN, "step"]
MINUS = ["baseline", "baseline_protocol", "baseline_choice", "baseline_prompt", "baseline_seed", "baseline_step"]


def beside(scores: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair and object that both sides saw; the columns of the second side begin with `their_`."""
    known = scores[[*OBJECT, "patient", "object_px", *OF, "iou", "dice", "intersection_px", "union_px"]]
    renamed = dict(zip(OF, MINUS, strict=True))
    values = {name: f"their_{name}" for name in ("iou", "dice", "intersection_px", "union_px")}
    theirs = known.drop(columns=["patient", "object_px"]).rename(columns=renamed | values)
    return pairs.merge(known, on=OF).merge(theirs, on=[*OBJECT, *MINUS])
