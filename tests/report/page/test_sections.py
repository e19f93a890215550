"""The sections of a report: their numbers are those of the summary, and what there is nothing of says so."""

from dataclasses import replace

import altair as alt
import pyarrow as pa
import pytest
from jsonschema import Draft7Validator

from job.report.page import overview
from job.report.page.differences import differences
from job.report.page.sections import SECTIONS, figures, page
from tests.report.page.made import CLICKS, embedded, facts_of, large, rows_of, small
from tests.statistics.tables import boundary_rows, click_rows, iou_row, mart_tables, study

FIGURES = (
    "iou-by-task", "iou-by-click", "iou-by-click-and-task", "measures-by-click", "reached-by-click", "clicks-needed",
    "differences", "difference-by-click", "ahead-by-click", "crossing", "ranks", "iou-by-size", "iou-by-components",
    "iou-by-modality", "calibration", "boundary", "published",
)  # fmt: skip
OF_RUN = ("model", "mask_choice", "seed", "step")


@pytest.fixture(scope="module")
def marts():
    """The marts of a study with everything."""
    return large()


@pytest.fixture(scope="module")
def shown(marts):
    """What stands in its page, by figure or table."""
    return {name: rows_of(data) for name, data in embedded(page(facts_of(marts))).items()}


def where(row):
    return f"{row['dataset']}: {row['task']}" if row["task"] else "mean of tasks"


def test_a_study_with_everything_has_every_figure(marts):
    """In the order of the page."""
    assert tuple(figure.name for figure in figures(facts_of(marts))) == FIGURES


@pytest.mark.parametrize(("name", "mart", "columns"), [
    ("iou-by-task", "iou_distribution", ("mean_iou", "low", "high", "p05_iou", "median_iou", "published_iou")),
    ("iou-by-click-and-task", "task_scores", ("mean_iou", "low", "high", "objects")),
    ("clicks-needed", "clicks_needed", ("noc", "low", "high", "never_reached")),
    ("published", "against_published", ("mean_iou", "published_iou", "difference")),
    ("calibration-by-task", "calibration", ("bias", "error", "rho")),
    ("size-correlation", "size_correlation", ("rho", "low", "high")),
])  # fmt: skip
def test_numbers_of_tasks_equal_those_of_the_summary(name, mart, columns, marts, shown):
    """To the last digit: as many rows of the same numbers."""
    stored = [row for row in marts[mart].to_pylist() if name != "iou-by-click-and-task" or row["prompt"] == "clicks"]
    expected = sorted(str((where(row), row["model"], *(row[column] for column in columns))) for row in stored)
    assert sorted(str((row["where"], row["model"], *(row[c] for c in columns))) for row in shown[name]) == expected
    assert expected


def test_differences_equal_those_of_the_summary(marts, shown):
    """By task and over tasks, with share won, p and effect."""
    by_task = {
        (r["contrast"], where(r), r["step"], r["mask_choice"]): r for r in marts["comparison_by_task"].to_pylist()
    }
    found = [row for row in shown["differences"] if row["where"] != "mean of tasks" and row["prompting"] == "4 clicks"]
    assert found
    for row in found:
        stored = by_task[row["contrast"], row["where"], CLICKS, row["choices"]]
        assert row["difference"] == stored["mean_difference"]
        for name in ("low", "high", "won", "p", "p_holm", "rank_biserial"):
            assert row[name] == stored[name]


def test_the_mean_over_tasks_has_the_interval_that_is_its_own(marts, shown):
    """`interval_mean` of the summary; that is the mean of all tasks where all have part in it."""
    stored = {(r["contrast"], r["step"], r["mask_choice"]): r for r in marts["comparison_overall"].to_pylist()}
    for row in shown["differences"]:
        if row["where"] == "mean of tasks" and row["prompting"] == "4 clicks":
            expected = stored[row["contrast"], CLICKS, row["choices"]]
            assert (row["difference"], row["low"]) == (expected["interval_mean"], expected["low"])


def test_curves_and_strata_equal_the_summary(marts, shown):
    """Mean over tasks by click, by size, by components and by modality."""
    for name, mart in (
        ("iou-by-click", "overall_scores"),
        ("iou-by-size", "by_size"),
        ("iou-by-components", "by_components"),
        ("iou-by-modality", "by_modality"),
    ):
        stored = {row["mean_iou"] for row in marts[mart].to_pylist()}
        means = {row["mean"] for row in shown[name] if row.get("over") != "tasks with an interval"}
        assert means
        assert means <= stored


def test_places_and_boundary_metrics_equal_the_summary(marts, shown):
    """Three models; HD95."""
    assert [row["place"] for row in shown["ranks"]] == marts["ranks"]["place"].to_pylist()
    distances = {row["mean"] for row in marts["measures_by_task"].to_pylist() if row["measure"] == "HD95 mm"}
    assert {row["mean"] for row in shown["boundary"]} == distances


def test_the_tasks_of_a_forest_are_in_the_order_of_their_difference(shown):
    """The mean of tasks stands last."""
    rows = [
        r
        for r in shown["differences"]
        if (r["contrast"], r["prompting"], r["choices"]) == ("sam minus ritm", "4 clicks", "first")
    ]
    in_order = sorted(rows, key=lambda row: row["order"])
    assert in_order[-1]["where"] == "mean of tasks"
    differences = [row["difference"] for row in in_order[:-1]]
    assert differences == sorted(differences, reverse=True)


def test_a_study_of_one_object_has_a_page():
    """What there is nothing of says why in a line."""
    html = page(facts_of(small()))
    assert set(embedded(html)) >= {"iou-by-task", "data", "models"}
    for line in ("The study has no clicks.", "Nothing is compared", "Ranks need three models", "predicts its own IoU"):
        assert line in html


def test_a_study_without_rows_has_a_page():
    """A run of which no part is stored yet."""
    marts = {name: table.slice(0, 0) for name, table in small().items()}
    html = page(facts_of(marts, parts=(0, 6)))
    assert "Made from 0 of 6 parts" in html
    assert "No scores are stored yet." in html


def test_every_section_has_a_heading_and_an_address(marts):
    """Which the list of sections names."""
    html = page(facts_of(marts))
    for make in SECTIONS:
        section = make(facts_of(marts))
        assert f'<a href="#{section.id}">{section.title}</a>' in html
        assert f'<section id="{section.id}"' in html


def test_every_figure_has_a_description_and_its_numbers(marts):
    """For those who do not see it: a sentence, and a table with a title for each column."""
    for figure in figures(facts_of(marts)):
        assert len(figure.text) > 40
        assert figure.table.rows.num_rows
        assert figure.chart["$schema"].startswith("https://vega.github.io/schema/vega-lite/")


def test_every_figure_is_valid_vega_lite(marts):
    """By the schema of its version, which the page does not wait for."""
    valid = Draft7Validator(alt.load_schema())
    for figure in figures(facts_of(marts)):
        valid.validate(figure.chart)


def test_seeds_are_compared_where_there_are_several():
    """Mean, lowest and highest of two, over tasks and by task."""
    marts = mart_tables([iou_row(iou=iou, seed=seed) for seed, iou in ((1, 0.4), (2, 0.6))])
    rows = rows_of(embedded(page(facts_of(marts)))["between-seeds"])
    found = {row["where"]: (row["seeds"], row["mean_iou"], row["lowest"], row["highest"]) for row in rows}
    assert found == {name: (2, pytest.approx(0.5), 0.4, 0.6) for name in ("mean of tasks", "A: t")}
    assert "between-seeds" not in embedded(page(facts_of(small())))


def test_a_number_that_json_lacks_is_an_empty_cell():
    """A page with NaN in it would not open."""
    marts = dict(small())
    score = marts["iou_distribution"]
    place = score.column_names.index("p95_iou")
    marts["iou_distribution"] = score.set_column(place, "p95_iou", pa.array([float("nan")]))
    (row,) = rows_of(embedded(page(facts_of(marts)))["iou-by-task"])
    assert row["p95_iou"] is None


def test_a_seed_is_a_choice_only_where_there_are_several():
    """The prompt is always told."""
    (only,) = [figure for figure in figures(facts_of(small())) if figure.name == "iou-by-task"]
    assert only.choose == ("prompting",)


def test_means_of_several_seeds_and_protocols_are_told_apart():
    """Each run has its sentence, in a study without a contrast: no mean stands for another's."""
    ious = {(0, "mazurowski2023"): 0.5, (1, "mazurowski2023"): 0.6, (0, "ritm"): 0.7, (1, "ritm"): 0.8}
    rows = [row for (seed, name), iou in ious.items() for row in click_rows([iou], seed=seed, protocol=name)]
    said = overview.headlines(facts_of(mart_tables(rows)))
    for text, ((seed, protocol), iou) in zip(said, ious.items(), strict=True):
        assert text.startswith(f"Seed {seed}: ")
        assert f"{iou:.4f} after 1 click ({protocol}), over 1 task" in text


def test_a_difference_over_some_tasks_stands_beside_no_number_of_all_tasks():
    """Its own two means would differ by another number than the one that is shown."""
    row = {
        "few_tasks": "B: u", "interval_tasks": 1, "tasks": 2, "interval_mean": 0.2, "mean_difference": 0.1,
        "model_iou": 0.5, "baseline_iou": 0.4, "won": 0.9, "objects": 12, "model": "sam", "mask_choice": "score",
        "prompt": "whole_box", "protocol": "one-shot", "step": 1, "baseline_prompt": "whole_box", "baseline_step": 1,
        "baseline_protocol": "one-shot", "baseline_choice": "score",
    }  # fmt: skip
    of_all = ("model_iou", "baseline_iou", "won", "objects")
    ((some,), (every,)) = differences([], [row]), differences([], [{**row, "few_tasks": None, "interval_mean": 0.1}])
    assert (some["difference"], [some[name] for name in of_all]) == (0.2, [None] * 4)
    assert (every["difference"], [every[name] for name in of_all]) == (0.1, [0.5, 0.4, 0.9, 12])


def test_a_model_of_which_all_parts_failed_is_named():
    """It is in no figure; the page says so, and does not say that nothing was left out of the study."""
    marts = mart_tables([iou_row(model="sam")])
    models = pa.concat_tables([marts["models"].slice(0, 1)] * 2).set_column(0, "model", pa.array(["ritm", "sam"]))
    facts = replace(facts_of({**marts, "models": models}, parts=(1, 3)), failed={"ritm": 2})
    html = overview.section(facts).html
    assert "Failed twice: 2 parts of ritm. " in html
    assert "Without a score, and so in no figure: ritm." in html
    assert "Nothing was left out of what is stored so far." in html
    assert "Failed" not in overview.section(facts_of(marts)).html


def of_two_clicks(metrics, *, steps):
    """Return the page's data of two models, five patients and two clicks, with boundary metrics at these steps."""
    rows = [
        row
        for model in ("sam", "ritm")
        for number, image in enumerate("abcde")
        for row in click_rows([0.5, 0.6 + number / 50], image=image, model=model)
    ]
    at_steps = [row for row in rows if row["step"] in steps]
    boundary = [
        row
        for metric in metrics
        for row in boundary_rows(at_steps, [len(metric) + row["iou"] for row in at_steps], metric)
    ]
    tables = mart_tables(rows, boundary=boundary, of=study(compare=("sam", "ritm")))
    return tables, embedded(page(facts_of(tables)))


def test_every_measure_of_every_click_has_a_panel():
    """NSD, a distance and a metric that is not known here, with means and intervals, beside those of overlap."""
    metrics = {"NSD 2 mm", "HD95 mm", "some metric"}
    tables, data = of_two_clicks(metrics, steps=(1, 2))
    found = rows_of(data["measures-by-click"])
    assert metrics | {"dice", "failures", "sensitivity", "precision"} <= {row["measure"] for row in found}
    columns = ("measure", "model", "step", "mean", "low", "high")
    stored = {tuple(row[c] for c in columns) for row in tables["measures_overall"].to_pylist()}
    shown = {tuple(row[c] for c in columns) for row in found}
    assert shown <= stored
    assert {row for row in stored if row[0] in metrics} <= shown
    assert all(row["low"] is not None for row in found)


def test_a_measure_of_one_click_or_of_a_whole_trajectory_has_no_panel():
    """A boundary metric at the last click alone, and areas under curves; IoU has a figure of its own."""
    tables, data = of_two_clicks({"NSD 2 mm"}, steps=(2,))
    left_out = {"NSD 2 mm", "AUC@2", "iou"}
    assert left_out <= {row["measure"] for row in tables["measures_overall"].to_pylist()}
    assert not left_out & {row["measure"] for row in rows_of(data["measures-by-click"])}


def test_panels_of_measures_have_axes_of_their_own():
    """Millimetres would press a share to a line; a shared axis of clicks would stand where no panel is, too."""
    rows = click_rows([0.5, 0.6])
    marts = mart_tables(rows, boundary=boundary_rows(rows, [9.0, 8.0]))
    (figure,) = [each for each in figures(facts_of(marts)) if each.name == "measures-by-click"]
    assert figure.chart["resolve"] == {"axis": {"x": "independent"}, "scale": {"y": "independent"}}
    assert figure.chart["facet"]["field"] == "measure"


def test_what_is_of_all_seeds_is_shown_under_none_of_them():
    """Spreads have panels of their own choice of seed, beside those of each seed."""
    rows = [row for seed in (4, 5) for row in click_rows([0.4 + seed / 50, 0.7], seed=seed)]
    data = embedded(page(facts_of(mart_tables(rows))))["measures-by-click"]
    seeds = {(row["measure"], row["seed"]) for row in rows_of(data) if row["measure"] in ("dice", "seed-range")}
    assert seeds == {("dice", "4"), ("dice", "5"), ("seed-range", "all seeds")}
