"""After how many clicks one side is ahead of the other: the difference by click, and where the lead changes."""

from __future__ import annotations

from typing import Any

import altair as alt

from job.report import contrasts
from job.report.page import build, labels
from job.report.page.differences import contrast_rows
from job.report.page.encode import click_axis, in_order, rows, tips
from job.report.page.facts import Facts
from job.report.page.forest import by_click
from job.report.page.parts import paragraphs
from job.report.page.section import Figure, Section, height_of_rows
from job.study.prompts import CLICKS

OF_SIDES = ("contrast", "choices", "protocol", "seed")
CROSSING = (
    *OF_SIDES, "where", "clicks", "cluster", "clusters", "crossing", "median_crossing", "low_crossing", "high_crossing",
    "without", "ahead", "ahead_from",
)  # fmt: skip
BY_CLICK = (*OF_SIDES, "where", "step", "difference", "low", "high", "baseline_ahead", "cluster", "clusters")


def section(facts: Facts) -> Section:
    """Return the section."""
    return build.section(
        "Who is ahead, by click",
        "crossing",
        [_differences(facts), _ahead(facts), _crossing(facts)],
        nothing="Nothing is compared by click: there is no contrast of two runs of clicks.",
        before=paragraphs(leads(facts)),
    )


def leads(facts: Facts) -> list[str]:
    """Return who is ahead from which click on, of each of the spec's contrasts in which an interval holds a lead."""
    found = {contrasts.sides(row): row for row in facts.mart("crossing").to_pylist() if row["task"] is None}
    overall = {contrasts.sides(row): row for row in contrasts.asked_for(facts.mart("comparison_overall"))}
    which = contrasts.told_apart(overall)
    said = ((pair, contrasts.lead(found.get(pair, {}), row)) for pair, row in overall.items())
    return [f"{which[pair]}{pair.contrast} (mask choice {pair.mask_choice}): {lead}." for pair, lead in said if lead]


def _by_click(facts: Facts) -> list[labels.Row]:
    """Return the rows of crossing_by_click, each with the difference of means that its interval is about."""
    means = {
        (contrasts.sides(row), row["where"], row["step"]): row
        for row in contrast_rows(facts)
        if row["prompt"] == CLICKS
    }
    found = []
    for row in labels.labelled(facts.mart("crossing_by_click").to_pylist()):
        mean = means.get((contrasts.sides(row), row["where"], row["step"]))
        percent = round(100 * row["baseline_ahead"])
        if mean is not None:
            found.append({**row, "difference": mean["difference"], "choices": mean["choices"], "percent": percent})
    return sorted(found, key=lambda row: (row["contrast"], row["where"] != labels.OVER_TASKS, row["where"]))


def _differences(facts: Facts) -> Figure | None:
    return build.figure(
        _by_click(facts),
        BY_CLICK,
        name="difference-by-click",
        title="Difference by click",
        text=(
            "The first side minus the second after each click. The band is one interval for all clicks at once: where "
            "it lies on one side of 0 from a click to the last, that side is ahead from there on."
        ),
        chart=by_click("difference of mean IoU", (("baseline_ahead", "second side ahead in", ".1%"),)),
        choose=(*OF_SIDES, "where"),
    )


def _ahead(facts: Facts) -> Figure | None:
    base = alt.Chart(rows()).encode(
        x=alt.X("step:O", title="clicks", axis=alt.Axis(labelAngle=0)),
        y=alt.Y("where:N", title=None, sort=in_order()),
        tooltip=tips(("where", "task"), ("step", "click", "d"), ("baseline_ahead", "second side ahead in", ".1%")),
    )
    share = "baseline_ahead:Q"
    chart = alt.layer(
        base.mark_rect().encode(
            color=alt.Color(
                share,
                title="second side ahead",
                scale=alt.Scale(scheme="purpleorange", domain=[0, 1], reverse=True),
                legend=alt.Legend(orient="top", format=".0%"),
            )
        ),
        base.mark_text(fontSize=10).encode(
            text="percent:Q",
            color=alt.condition(
                alt.FieldRangePredicate(field="baseline_ahead", range=[0.15, 0.85]),
                alt.value("#000"),
                alt.value("#fff"),
            ),
        ),
    ).properties(usermeta=height_of_rows(24, by="where"))
    return build.figure(
        _by_click(facts),
        BY_CLICK,
        name="ahead-by-click",
        title="How sure the lead is",
        text="In how many of 100 resamples the second side has the higher mean IoU, for each task and click.",
        chart=chart.to_dict(validate=False),
        choose=OF_SIDES,
    )


def _crossing(facts: Facts) -> Figure | None:
    found = labels.labelled(facts.mart("crossing").to_pylist())
    for row in found:
        row["choices"] = (
            row["mask_choice"]
            if row["baseline_choice"] in (row["mask_choice"], "single")
            else f"{row['mask_choice']} minus {row['baseline_choice']}"
        )
        has_end = row["high_crossing"] is not None or row["low_crossing"] is None
        row["end"] = row["high_crossing"] if has_end else row["clicks"] + 1
    base = alt.Chart(rows()).encode(
        y=alt.Y("where:N", title=None, sort=in_order()),
        tooltip=tips(
            ("where", "task"), ("crossing", "crossing", "d"), ("median_crossing", "median of resamples", "d"),
            ("low_crossing", "from", "d"), ("high_crossing", "to", "d"), ("without", "without a crossing", ".1%"),
            ("ahead", "ahead"), ("ahead_from", "from click", "d"),
        ),
    )  # fmt: skip
    last = max((row["clicks"] for row in found), default=1)
    at = alt.X(
        "low_crossing:Q",
        title=f"click (beyond {last}: none)",
        scale=alt.Scale(domain=[1, last + 1], nice=False),
        axis=click_axis(),
    )
    chart = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=at, x2="end:Q"),
        base.mark_tick(thickness=3, size=14).encode(x=_like(at, "median_crossing")),
        base.mark_point(size=80, shape="diamond", strokeWidth=2, color="#808080").encode(x=_like(at, "crossing")),
    ).properties(usermeta=height_of_rows(20, by="where"))
    return build.figure(
        found,
        CROSSING,
        name="crossing",
        title="The click at which the second side takes the lead",
        text=(
            "Diamond: the first click from which the second side has the higher mean up to the last; line and tick: "
            "from which to which click it lies in the resamples, and their median; beyond the last click there is no "
            "crossing. Of two equal models, half of all studies have a crossing: it is a figure, not a finding."
        ),
        chart=chart.to_dict(validate=False),
        choose=OF_SIDES,
    )


def _like(axis: Any, field: str) -> Any:
    made = axis.copy()
    made.shorthand = f"{field}:Q"
    return made
