"""Contrasts: paired differences by task with their intervals, share won, p and effect."""

from __future__ import annotations

from typing import Any

import altair as alt

from job.report import contrasts
from job.report.figures import probability
from job.report.page import build, labels
from job.report.page.encode import in_order, rows, tips
from job.report.page.facts import Facts
from job.report.page.parts import paragraphs
from job.report.page.section import Figure, Section, height_of_rows
from job.study.prompts import CLICKS

COLUMNS = (
    "contrast", "prompting", "choices", "seed", "where", "objects", "cluster", "clusters", "model_iou", "baseline_iou",
    "difference", "low", "high", "won", "p", "p_holm", "rank_biserial",
)  # fmt: skip


def section(facts: Facts) -> Section:
    """Return the section."""
    asked = contrasts.asked_for(facts.mart("comparison_overall"))
    return build.section(
        "Differences",
        "differences",
        [_forest(facts)],
        nothing="Nothing is compared: the spec has no statistics.compare and no contrast, and two models at most.",
        before=paragraphs([contrasts.legend(asked)] if asked else []),
    )


def contrast_rows(facts: Facts) -> list[labels.Row]:
    """Return the differences by task and over tasks, with labels, the spec's own contrasts first."""
    by_task = facts.mart("comparison_by_task").to_pylist()
    overall = facts.mart("comparison_overall").to_pylist()
    of_tasks = dict.fromkeys(("p_holm", "rank_biserial", "dataset", "task"))
    found = [
        *({**row, "difference": row["mean_difference"]} for row in by_task),
        *({**row, **of_tasks, "difference": contrasts.difference(row)} for row in overall),
    ]
    labelled = labels.labelled(found)
    for row in labelled:
        row["choices"] = _pair(row["mask_choice"], row["baseline_choice"])
        row["prompting"] = _pair(row["prompting"], _baseline_prompting(row))
    return sorted(labelled, key=lambda row: (row["kind"] not in contrasts.SPEC_KINDS, row["contrast"]))


def _forest(facts: Facts) -> Figure | None:
    found = contrast_rows(facts)
    for row in found:
        p = probability(row["p"])
        row["sign"] = (
            "interval excludes 0"
            if row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
            else ("no interval" if row["low"] is None else "interval includes 0")
        )
        row["order"] = 2.0 if row["where"] == labels.OVER_TASKS else -row["difference"]  # no difference is beyond 1
        row["end"] = f"won {row['won']:.0%}" + (f", p {p}" if p else "")
    return build.figure(
        found,
        COLUMNS,
        name="differences",
        title="Paired differences of IoU",
        text=(
            "The first side minus the second, on the objects that both saw: above 0 the first is better. Dot: mean "
            "difference; line: its interval; filled where the interval excludes 0. At the right: the share of objects "
            "on which the first side is better, and p. The mean of tasks is over those that have an interval."
        ),
        chart=_chart(),
        choose=("contrast", "prompting", "choices", "seed"),
        start=labels.last_clicks(found),
    )


def _chart() -> dict[str, Any]:
    signs = ["interval excludes 0", "interval includes 0", "no interval"]
    base = alt.Chart(rows()).encode(
        y=alt.Y(
            "where:N",
            title=None,
            sort=in_order(),
        ),
        tooltip=tips(
            ("where", "task"),
            ("difference", "difference", "+.4f"),
            ("low", "from", "+.4f"),
            ("high", "to", "+.4f"),
            ("model_iou", "first", ".4f"),
            ("baseline_iou", "second", ".4f"),
            ("won", "share won", ".1%"),
            ("p", "p", ".4f"),
            ("p_holm", "p (Holm)", ".4f"),
            ("rank_biserial", "rank-biserial", ".3f"),
            ("objects", "objects", "d"),
            ("clusters", "sample", "d"),
        ),
    )
    title = "difference of mean IoU"
    sign = alt.Shape(
        "sign:N",
        scale=alt.Scale(domain=signs, range=["circle", "diamond", "cross"]),
        legend=alt.Legend(orient="top", title=None),
    )
    zero = alt.Chart(alt.InlineData(values=[{"x": 0}])).mark_rule(strokeDash=[4, 4]).encode(x="x:Q")
    is_sure = alt.FieldOneOfPredicate(field="sign", oneOf=signs[:1])
    return (
        alt.layer(
            zero,
            base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
            base.mark_point(size=70, strokeWidth=2, opacity=1).encode(
                x=alt.X("difference:Q", title=title),
                shape=sign,
                fillOpacity=alt.condition(is_sure, alt.value(1), alt.value(0)),
                fill=alt.value("#808080"),
                stroke=alt.value("#808080"),
            ),
            base.mark_text(align="left", baseline="middle", clip=False).encode(
                text="end:N", x=alt.value(alt.ExprRef("width + 8"))
            ),
        )
        .properties(usermeta=height_of_rows(22, by="where"))
        .to_dict()
    )


def _pair(first: str, second: str) -> str:
    return first if second in (first, "single") else f"{first} minus {second}"


def _baseline_prompting(row: labels.Row) -> str:
    several = row["protocol"] if "(" in row["prompting"] else None
    if row["baseline_prompt"] == CLICKS and row["prompt"] == CLICKS and row["baseline_protocol"] != row["protocol"]:
        several = row["baseline_protocol"]
    return labels.prompting(row["baseline_prompt"], row["baseline_step"], several)
