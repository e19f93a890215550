"""A seed is part of the run: its rows are described, compared and ranked alone, and the seeds are compared."""

import pytest

from tests.statistics.tables import click_rows, iou_row, marts, object_row, only, study

TASKS = (("MRI-Heart", "heart"), ("MRI-Spine", "GM"), ("MRI-Spine", "SC"))
NOT_BY_SEED = {"between_seeds", "gallery_objects", "ledger", "measures", "models", "task_objects"}
OVER_SEEDS = {"seed-sd", "seed-range", "worst-seed-iou"}
"""Measures of all seeds together."""
KEY = ("model", "protocol", "mask_choice", "prompt", "contrast", "baseline", "measure", "kind", "dataset", "task")
STEPS = ("step", "level", "share_from", "contiguity", "predicted_from", "source", "place")


def rows_of(seed):
    """Return rows of three models, a mode and clicks, that differ by seed. The second model lacks the last image."""
    rows = []
    for number, (dataset, task) in enumerate(TASKS):
        for image in range(7):
            for place, (model, choice) in enumerate((("sam", "first"), ("ritm", "single"), ("third", "single"))):
                iou = (1 + number + 5 * image + 11 * seed + 3 * place) % 17 / 17
                where = {"dataset": dataset, "task": task, "image": str(image), "model": model, "choice": choice}
                if (image, model) != (6, "ritm"):
                    rows.append(iou_row(iou=iou, seed=seed, **where) | {"predicted_iou": (iou + 0.2 * seed) % 1})
                    course = [iou, 1 - iou, (iou + 0.3) % 1]
                    rows += click_rows(course, seed=seed, protocol="mazurowski2023", **where)
    return rows


def objects_of(rows):
    """Return the objects of rows, of different sizes and components."""
    objects = {(row["dataset"], row["task"], row["image"]): row for row in rows}.values()
    return [
        object_row(row, object_px=10 ** (int(row["image"]) % 4), components=1 + int(row["image"]) % 2)
        for row in objects
    ]


def compute(rows):
    """Compute the marts, with a comparison and a published column, and leave out what is of all seeds together."""
    spec = study(datasets=("MRI-Heart", "MRI-Spine"), models=("third",), compare=("sam", "ritm"))
    published = tuple(model.model_copy(update={"published": "sam_vit_h"}) for model in spec.models)
    computed = marts(rows, objects=objects_of(rows), of=spec.model_copy(update={"models": published}))
    return {name: [row for row in of if row.get("measure") not in OVER_SEEDS] for name, of in computed.items()}


@pytest.fixture(scope="module")
def both_and_each():
    """The marts of two seeds together, and of each alone."""
    return compute(rows_of(1) + rows_of(2)), {seed: compute(rows_of(seed)) for seed in (1, 2)}


def in_order(rows):
    """Sort the rows of a mart by what identifies them."""
    return sorted(rows, key=lambda row: [str(row.get(name)) for name in (*KEY, *STEPS)])


def test_every_mart_holds_for_each_seed_what_it_holds_for_the_seed_alone(both_and_each):
    """But the marts that are not about runs. Figures are equal up to rounding: the bootstrap has other columns."""
    both, each = both_and_each
    for name in both.keys() - NOT_BY_SEED:
        for seed, alone in each.items():
            assert alone[name], f"{name} is empty"
            own = [row for row in both[name] if row["seed"] == seed]
            assert len(own) == len(alone[name]), name
            for row, expected in zip(in_order(own), in_order(alone[name]), strict=True):
                assert row == pytest.approx(expected), name
        assert len(both[name]) == sum(len(alone[name]) for alone in each.values()), name


def test_the_seeds_of_the_rows_differ(both_and_each):
    """Else the test above would show little."""
    _, each = both_and_each
    for name in each[1].keys() - NOT_BY_SEED - {"object_differences"}:
        assert [row | {"seed": 0} for row in each[1][name]] != [row | {"seed": 0} for row in each[2][name]], name


def test_model_and_baseline_are_paired_within_a_seed():
    """0.6 - 0.5 with seed 1 and 0.9 - 0.2 with seed 2; seed 3 has no baseline."""
    ious = {("sam", 1): 0.6, ("ritm", 1): 0.5, ("sam", 2): 0.9, ("ritm", 2): 0.2, ("sam", 3): 0.4}
    rows = [iou_row(iou=iou, model=model, seed=seed) for (model, seed), iou in ious.items()]
    comparisons = marts(rows, of=study(compare=("sam", "ritm")))["comparison_by_task"]
    assert {row["seed"]: row["mean_difference"] for row in comparisons} == pytest.approx({1: 0.1, 2: 0.7})
    assert {row["objects"] for row in comparisons} == {1}


def test_an_object_that_one_seed_lacks_is_listed():
    """Seeds see the same objects in a sound study."""
    rows = [iou_row(image=image, seed=seed) for image, seed in (("a", 1), ("b", 1), ("a", 2))]
    missing = only(marts(rows)["object_differences"])
    assert (missing["seed"], missing["missing"]) == (2, 1)


def test_means_are_compared_between_seeds():
    """0.2, 0.4 and 0.9: mean 0.5, squares about it 0.09, 0.01 and 0.16. A second task, of 0, halves all over tasks."""
    rows = [iou_row(iou=iou, seed=seed) for seed, iou in ((1, 0.2), (2, 0.4), (5, 0.9))]
    rows += [iou_row("zero", 0.0, seed=seed) for seed in (1, 2, 5)]
    between = {row["task"]: row for row in marts(rows)["between_seeds"]}
    assert {task: row["seeds"] for task, row in between.items()} == {None: 3, "t": 3, "zero": 3}
    figures = {
        task: [row[name] for name in ("mean_iou", "sd_iou", "lowest", "highest")] for task, row in between.items()
    }
    assert figures["t"] == pytest.approx([0.5, 0.13**0.5, 0.2, 0.9])
    assert figures[None] == pytest.approx([0.25, 0.13**0.5 / 2, 0.1, 0.45])
    assert figures["zero"] == pytest.approx([0, 0, 0, 0])
    assert between[None]["dataset"] is None


def test_one_seed_has_no_spread_between_seeds():
    """Its mean is the lowest and the highest."""
    (overall, task) = marts([iou_row(iou=0.2, image="a"), iou_row(iou=0.4, image="b")])["between_seeds"]
    for row in (overall, task):
        assert (row["seeds"], row["sd_iou"]) == (1, None)
        assert [row["mean_iou"], row["lowest"], row["highest"]] == pytest.approx([0.3, 0.3, 0.3])


def test_modes_clicks_and_steps_are_compared_between_seeds_each_for_itself():
    """One mode, two clicks: three rows for the task, three over tasks."""
    rows = [row for seed in (1, 2) for row in (iou_row(seed=seed), *click_rows([0.2, 0.4], seed=seed))]
    between = [row for row in marts(rows)["between_seeds"] if row["task"]]
    assert [(row["prompt"], row["step"], row["seeds"]) for row in between] == [
        ("whole_box", 1, 2), ("clicks", 1, 2), ("clicks", 2, 2),
    ]  # fmt: skip
