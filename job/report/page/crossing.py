"""After how many clicks one side is ahead of the other: the difference by click, and where the lead changes."""

from __future__ import annotations

from job.report import contrasts
from job.report.page import build, labels, vega
from job.report.page.differences import contrast_rows
from job.report.page.encode import click_axis, in_order, tips
from job.report.page.facts import Facts
from job.report.page.forest import by_click
from job.report.page.parts import paragraphs
from job.report.page.section import Figure, Section, height_of_rows
from job.report.page.vega import nominal, ordinal, quantitative, second
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
    base = vega.base(
        x=ordinal("step", title="clicks", axis={"labelAngle": 0}),
        y=nominal("where", title=None, sort=in_order()),
        tooltip=tips(("where", "task"), ("step", "click", "d"), ("baseline_ahead", "second side ahead in", ".1%")),
    )
    share = quantitative(
        "baseline_ahead",
        title="second side ahead",
        scale={"scheme": "purpleorange", "domain": [0, 1], "reverse": True},
        legend={"orient": "top", "format": ".0%"},
    )
    is_pale = {"field": "baseline_ahead", "range": [0.15, 0.85]}
    percent = {"text": quantitative("percent"), "color": vega.condition(is_pale, "#000", "#fff")}
    chart = vega.chart(
        vega.layer(base, "rect", {}, color=share),
        vega.layer(base, "text", {"fontSize": 10}, **percent),
        usermeta=height_of_rows(24, by="where"),
    )
    return build.figure(
        _by_click(facts),
        BY_CLICK,
        name="ahead-by-click",
        title="How sure the lead is",
        text="In how many of 100 resamples the second side has the higher mean IoU, for each task and click.",
        chart=chart,
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
    base = vega.base(
        y=nominal("where", title=None, sort=in_order()),
        tooltip=tips(
            ("where", "task"), ("crossing", "crossing", "d"), ("median_crossing", "median of resamples", "d"),
            ("low_crossing", "from", "d"), ("high_crossing", "to", "d"), ("without", "without a crossing", ".1%"),
            ("ahead", "ahead"), ("ahead_from", "from click", "d"),
        ),
    )  # fmt: skip
    last = max((row["clicks"] for row in found), default=1)
    axis = {
        "title": f"click (beyond {last}: none)",
        "scale": {"domain": [1, last + 1], "nice": False},
        "axis": click_axis(),
    }
    diamond = {"size": 80, "shape": "diamond", "strokeWidth": 2, "color": "#808080"}
    chart = vega.chart(
        vega.layer(base, "rule", {"strokeWidth": 2}, x=quantitative("low_crossing", **axis), x2=second("end")),
        vega.layer(base, "tick", {"thickness": 3, "size": 14}, x=quantitative("median_crossing", **axis)),
        vega.layer(base, "point", diamond, x=quantitative("crossing", **axis)),
        usermeta=height_of_rows(20, by="where"),
    )
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
        chart=chart,
        choose=OF_SIDES,
    )
