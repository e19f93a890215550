"""IoU by task: its distribution for each model and prompt, with the published mean where there is one."""

from __future__ import annotations

from job.report.page import build, labels, vega
from job.report.page.charts import SIGN, WHO
from job.report.page.encode import beside, dashes, models, share, signs, tips
from job.report.page.facts import Facts
from job.report.page.section import Figure, Section, height_of_rows
from job.report.page.vega import Definition, nominal, second, value

COLUMNS = (
    "prompting", "where", "model", "mask_choice", "seed", "objects", "cluster", "clusters", "mean_iou", "low", "high",
    "p05_iou", "q1_iou", "median_iou", "q3_iou", "p95_iou", "failures", "published_iou",
)  # fmt: skip
SEEDS = ("prompting", "where", "model", "mask_choice", "seeds", "mean_iou", "sd_iou", "lowest", "highest")
OVER_TASKS = (
    "prompting", "model", "mask_choice", "seed", "tasks", "objects", "mean_iou", "interval_tasks", "interval_iou",
    "low", "high", "failures", "mean_dice",
)  # fmt: skip
BOX = {"height": 9, "fillOpacity": 0.3, "strokeWidth": 1}
PUBLISHED = {"shape": "diamond", "size": 90, "strokeWidth": 2, "filled": False}


def section(facts: Facts) -> Section:
    """Return the section."""
    overall = labels.labelled(facts.mart("overall_scores").to_pylist())
    seeds = labels.labelled(row for row in facts.mart("between_seeds").to_pylist() if row["seeds"] > 1)
    return build.section(
        "IoU by task",
        "by-task",
        [_boxes(facts)],
        nothing="No scores are stored yet.",
        tables=[
            build.listing("scores", "Mean over tasks", overall, OVER_TASKS),
            build.listing("between-seeds", "Mean IoU between seeds", seeds, SEEDS, folded=True),
        ],
    )


def _boxes(facts: Facts) -> Figure | None:
    rows = labels.labelled(facts.mart("iou_distribution").to_pylist())
    return build.figure(
        rows,
        COLUMNS,
        name="iou-by-task",
        title="Distribution of IoU by task",
        text=(
            "How IoU is spread over the objects of each task. Box: the middle half of the objects, with the median as "
            "a line in it; whiskers: from 5 to 95 per cent of them; filled sign: the mean; open diamond: the published "
            "mean, where there is one. Tasks are in the order of their mean IoU."
        ),
        chart=_chart(facts),
        choose=("prompting", "seed"),
        start=labels.fullest(rows),
    )


def _chart(facts: Facts) -> Definition:
    base = vega.base(
        y=nominal("where", sort={"field": "mean_iou", "op": "mean", "order": "descending"}, title=None),
        yOffset=beside(facts),
        tooltip=tips(
            ("where", "task"),
            *WHO,
            ("mean_iou", "mean IoU", ".4f"),
            ("low", "from", ".4f"),
            ("high", "to", ".4f"),
            ("median_iou", "median", ".4f"),
            ("q1_iou", "first quartile", ".4f"),
            ("q3_iou", "third quartile", ".4f"),
            ("failures", "IoU < 0.5", ".1%"),
            ("objects", "objects", "d"),
            ("published_iou", "published", ".4f"),
        ),
    )
    whiskers = {"x": share("p05_iou", "IoU"), "x2": second("p95_iou")}
    box = {"x": share("q1_iou", "IoU"), "x2": second("q3_iou")}
    return vega.chart(
        vega.layer(base, "rule", {"strokeWidth": 1.5}, **whiskers, color=models(facts), strokeDash=dashes(facts)),
        vega.layer(base, "bar", BOX, **box, fill=models(facts), stroke=models(facts)),
        vega.layer(base, "tick", {"thickness": 2, "size": 9}, x=share("median_iou", "IoU"), color=models(facts)),
        vega.layer(base, "point", SIGN | {"size": 45}, x=share("mean_iou", "IoU"), **signs(facts)),
        vega.layer(base, "point", PUBLISHED, x=share("published_iou", "IoU"), color=value("#808080")),
        usermeta=height_of_rows(13, by="where", beside="series"),
    )
