"""The tables on a terminal of 80 columns: no figure is cut, and the comparison names who stays ahead."""

import re

import pytest
from rich.console import Console

from job.plan.file import PlannedModel
from job.report.terminal import render
from job.statistics.summarise import Summary
from job.study.facts import Facts
from job.study.statistics import Contrast
from tests.statistics import tables

MODES = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")


def drawn(rows, *, models=None, compare=None, boundary=()):
    """Return the text of the tables of some rows, 80 columns wide."""
    marts = tables.mart_tables(rows, of=tables.study(compare=compare), models=models, boundary=boundary)
    console = Console(width=80)
    with console.capture() as captured:
        console.print(render(Summary(marts=marts, parts_done=1, parts_planned=1)))
    return captured.get()


@pytest.mark.parametrize("clicks", [9, 20])
def test_no_figure_is_cut(clicks):
    """Some clicks and the last are shown, each with four decimals."""
    ious = [step / 100 for step in range(1, clicks + 1)]
    text = drawn(tables.click_rows(ious, task="white matter", model="lite_medsam_clicks"))
    assert "…" not in text
    shown = [step for step in (1, 2, 3, 5, 9, 20) if step <= clicks]
    assert re.findall(r"0\.\d{4}", text)[: len(shown)] == [f"{step / 100:.4f}" for step in shown]


def test_a_metric_of_every_click_has_a_row_below_the_mean_of_tasks():
    """Of whatever name; Dice and areas under curves have none, nor has a metric of the last click alone."""
    rows = tables.click_rows([0.5, 0.6, 0.7])
    boundary = tables.boundary_rows(rows, [9.5, 8.25, 7.125])
    boundary += tables.boundary_rows(rows[-1:], [0.875], "NSD 2 mm", "share", True)
    text = drawn(rows, boundary=boundary)
    below = text.splitlines()
    (row,) = [line for line in below if "HD95 mm" in line]
    assert re.findall(r"\d\.\d{4}", row) == ["9.5000", "8.2500", "7.1250"]
    assert below.index(row) > below.index(next(line for line in below if "mean of tasks" in line))
    assert not any(name in text for name in ("NSD", "dice", "AUC"))


def test_modes_stand_in_the_published_order():
    """All five fit into 80 columns."""
    text = drawn([tables.iou_row(task="white matter", iou=0.5, prompt=mode) for mode in reversed(MODES)])
    heads = [line for line in text.splitlines() if "point" in line or "largest_" in line]
    assert heads[0].split() == ["largest_", "each_", "largest_", "each_", "whole_"]
    assert heads[1].split()[-5:] == ["point", "point", "box", "box", "box"]
    assert text.count("0.5000") == 10


def test_a_jitter_has_a_line_of_its_own():
    """Three modes with theirs and all figures of a comparison fit into 80 columns."""
    modes = ("whole_box", "whole_box jitter 5 px", "whole_box jitter 12.5 %")
    text = drawn(
        [
            tables.iou_row(iou=iou + image / 100, prompt=mode, model=model, image=str(image))
            for image in range(6)
            for mode in modes
            for model, iou in (("sam", 0.5), ("ritm", 0.4))
        ],
        compare=("sam", "ritm"),
    )
    assert "…" not in text
    assert [re.findall(r"± [\d.]+ (?:px|%)", line) for line in text.splitlines() if "±" in line] == [
        *[["± 12.5 %", "± 5 px"]] * 2,
        ["± 12.5 %"],
        ["± 5 px"],
    ]


def courses(sam, ritm, images=6, **others):
    """Return the clicks of two models on some images, each a little above the last."""
    rows = []
    for image in range(images):
        for model, choice, course in (("sam", "first", sam), ("ritm", "single", ritm)):
            ious = [round(iou + 0.001 * image * step, 3) for step, iou in enumerate(course)]
            rows += tables.click_rows(ious, model=model, choice=choice, image=str(image), **others)
    return rows


def test_the_comparison_names_the_model_that_stays_ahead_and_since_when():
    """In the caption of the run's table, for either side."""
    text = drawn(courses([0.5, 0.5, 0.5], [0.4, 0.6, 0.7]), compare=("sam", "ritm"))
    assert "sam minus ritm" in text
    assert "ritm is ahead from click 2 on" in text
    assert re.findall(r"[+-]0\.\d{4}(?= +[+-])", text) == ["+0.1000", "-0.1000", "-0.2000"]
    assert "sam is ahead from click 3 on" in drawn(courses([0.5, 0.5, 0.7], [0.4, 0.6, 0.6]), compare=("sam", "ritm"))


def test_each_mask_choice_of_the_baseline_has_a_table_of_its_own():
    """A model of one mask against a baseline of two choices; the title names the choice."""
    rows = [tables.iou_row(model="ritm", choice="single", iou=0.5)]
    rows += [tables.iou_row(model="sam", choice=choice, iou=iou) for choice, iou in (("first", 0.25), ("oracle", 0.75))]
    text = drawn(rows, compare=("ritm", "sam"))
    assert re.findall(r"ritm minus sam \((\w+)\)", text) == ["first", "oracle"]
    assert re.findall(r"[+-]0\.\d{4}", text) == ["+0.2500", "-0.2500"]


def test_a_lead_between_two_protocols_of_one_model_names_them():
    """Both sides bear the model's name."""
    rows = []
    for image in range(6):
        for protocol, ious in (("ritm", [0.5, 0.75]), ("mazurowski2023", [0.5, 0.5])):
            rows += tables.click_rows(ious, protocol=protocol, image=str(image))
    sides = {"of": {"protocol": "ritm"}, "minus": {"protocol": "mazurowski2023"}}
    contrast = Contrast.model_validate({"name": "rules", **sides})
    study = tables.study()
    of = study.model_copy(update={"statistics": study.statistics.model_copy(update={"contrasts": (contrast,)})})
    marts = tables.mart_tables(rows, of=of)
    assert tables.only(row for row in marts["crossing"].to_pylist() if not row["task"])["ahead"] == "m (ritm, score)"


def test_nobody_is_named_where_no_interval_supports_it():
    """Four images are too few; of six whose differences have either sign, the interval holds zero."""
    few = courses([0.5, 0.5, 0.5], [0.4, 0.6, 0.7], images=4)
    mixed = courses([0.5, 0.5], [0.5, 0.6], images=3)
    mixed += [row | {"image": f"other {row['image']}"} for row in courses([0.5, 0.6], [0.5, 0.5], images=3)]
    for rows in (few, mixed):
        assert "is ahead" not in drawn(rows, compare=("sam", "ritm"))


def test_several_seeds_have_a_table_each_whose_title_names_the_seed():
    """Each with its own means, differences and lead."""
    rows = courses([0.5, 0.5], [0.25, 0.75], seed=3) + courses([0.5, 0.5], [0.125, 0.375], seed=14)
    text = " ".join(drawn(rows, compare=("sam", "ritm")).split())
    titles = re.findall(r"(\S+) · clicks by ritm · mask choice: (\w+) · seed (\d+) · mean IoU", text)
    assert titles == [
        ("ritm", "single", "3"), ("ritm", "single", "14"), ("sam", "first", "3"), ("sam", "first", "14"),
        ("ritm", "first", "3"), ("ritm", "first", "14"),
    ]  # fmt: skip
    assert re.findall(r"[+-]0\.\d{4}(?= [+-])", text) == ["+0.2500", "-0.2500", "+0.3750", "+0.1250"]
    assert text.count("ritm is ahead from click 2 on") == text.count("sam is ahead from click 1 on") == 1
    assert text.index("ritm is ahead") < text.index("+0.3750")


def test_the_title_of_a_study_with_one_seed_does_not_name_it():
    """Whatever the seed."""
    assert "seed" not in drawn([tables.iou_row(seed=7)])


@pytest.mark.parametrize(
    ("images", "interval", "p"),
    [(4, "–", ""), (5, "+0.1000 to +0.1000", ""), (6, "+0.1000 to +0.1000", "0.031")],
    ids=["no interval", "too few for a test", "both"],
)
def test_intervals_and_p_stand_beside_the_number_of_clusters(images, interval, p):
    """Fewer than five patients: a dash, and the task is named. Fewer than six differences: no p."""
    rows = [
        tables.iou_row(iou=iou, model=model, image=str(image))
        for image in range(images)
        for model, iou in (("sam", 0.5), ("ritm", 0.4))
    ]
    text = drawn(rows, compare=("sam", "ritm"))
    (line,) = [line for line in text.splitlines() if line.split()[:1] == ["whole_box"]]
    assert line.split() == ["whole_box", "1", str(images), "+0.1000", *interval.split(), *p.split(), "1/1"]
    assert ("have no part in the differences: A: t." in " ".join(text.split())) is (images < 5)


def test_a_difference_is_that_of_the_tasks_that_its_interval_is_of():
    """Six images whose difference is 0.1; one image of another task, of -0.9, is named and has no part in it."""
    rows = courses([0.5, 0.5], [0.4, 0.4])
    rows += courses([0.0, 0.0], [0.9, 0.9], images=1, task="rare")
    text = " ".join(drawn(rows, compare=("sam", "ritm")).split())
    assert re.search(r" 1 1 6 \+0\.1000 \+0\.1000 to \+0\.1000 0\.031 1/2 ", text)
    assert "sam is ahead from click 1 on, over 1 of 2 tasks" in text
    assert "have no part in the differences: A: rare." in text


def test_a_study_without_rows_has_no_tables():
    """It has not begun."""
    assert drawn([]).strip() == "no rows yet"


def test_models_with_demo_weights_are_named_below_the_tables():
    """A study of other weights has no such remark."""
    rows = [tables.iou_row()]
    assert "Demo weights: m. " in drawn(rows, models={"m": PlannedModel(sha256="a" * 64, purpose="demo")})
    assert "Demo weights" not in drawn(rows, models={"m": PlannedModel(sha256="0" * 64, purpose=None)})


def test_models_that_have_seen_the_data_are_named_below_the_tables():
    """By the spec, or by what is known of their weights; one that is not zero-shot is named too."""
    rows = [tables.iou_row()]

    def model(**facts):
        return {"m": PlannedModel(sha256="0" * 64, purpose=None, known=Facts(**facts))}

    assert "Trained on data of this study: m (A)." in drawn(rows, models=model(trained_on=("A",)))
    assert "Trained on data of this study: m (not said which)." in drawn(rows, models=model(zero_shot=False))
    assert "Trained on" not in drawn(rows, models=model(trained_on=("SA-1B",), zero_shot=True))
