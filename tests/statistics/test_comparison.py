"""Model against baseline on the objects that both saw: by hand, and against scipy."""

import numpy as np
import pytest
from scipy import stats

from job.errors import OutputError
from tests.statistics.tables import click_rows, marts, obj, row, study

VERSUS = study(compare=("sam", "ritm"))


def compared(pairs, **others):
    """Compare IoU pairs (sam, ritm), one an image."""
    rows = []
    for index, (sam, ritm) in enumerate(pairs):
        rows.append(row(iou=sam, image=str(index), model="sam", **others))
        rows.append(row(iou=ritm, image=str(index), model="ritm", **others))
    return rows


def only(mart):
    (found,) = mart
    return found


def test_differences_are_paired_by_object():
    """0.5 - 0.4 and 0.9 - 0.6."""
    found = only(marts(compared([(0.5, 0.4), (0.9, 0.6)]), of=VERSUS)["comparison_by_task"])
    assert found["mean_difference"] == pytest.approx(0.2)
    assert (found["objects"], found["model_iou"], found["baseline_iou"]) == (2, pytest.approx(0.7), pytest.approx(0.5))


def test_only_objects_that_both_saw_are_compared_and_the_others_are_listed():
    """A missing pair is no zero."""
    rows = [*compared([(0.5, 0.4)]), row(iou=1.0, image="alone", model="sam")]
    found = marts(rows, of=VERSUS)
    assert only(found["comparison_by_task"])["objects"] == 1
    missing = only(found["object_differences"])
    assert (missing["model"], missing["missing"]) == ("ritm", 1)


def test_a_mask_choice_that_saw_less_than_another_is_listed():
    """Of the same model: each choice is a run of its own."""
    rows = [row(image=image, choice="first") for image in "ab"] + [row(image="a", choice="oracle")]
    missing = only(marts(rows)["object_differences"])
    assert (missing["model"], missing["mask_choice"], missing["missing"]) == ("m", "oracle", 1)


def test_no_model_lacks_a_mask_choice_that_it_does_not_have():
    """One mask beside two choices, on the same object."""
    rows = [row(model="ritm", choice="single"), row(model="sam", choice="first"), row(model="sam", choice="oracle")]
    assert marts(rows)["object_differences"] == []


def test_ties_count_half_of_a_win():
    """Won, lost, tied: one and a half of three."""
    found = only(marts(compared([(0.6, 0.5), (0.5, 0.6), (0.5, 0.5)]), of=VERSUS)["comparison_by_task"])
    assert found["won"] == pytest.approx(0.5)


def test_a_choice_is_compared_with_the_same_choice_or_the_single_mask():
    """SAM's three choices with RITM's one mask."""
    rows = [row(iou=0.2, model="ritm", choice="single")]
    rows += [row(iou=iou, model="sam", choice=choice) for choice, iou in (("first", 0.3), ("oracle", 0.6))]
    found = {one["mask_choice"]: one for one in marts(rows, of=VERSUS)["comparison_by_task"]}
    assert {choice: one["mean_difference"] for choice, one in found.items()} == pytest.approx(
        {"first": 0.1, "oracle": 0.4}
    )
    assert {one["baseline_choice"] for one in found.values()} == {"single"}


def test_without_a_comparison_in_the_spec_there_is_none():
    """The marts are empty."""
    found = marts(compared([(0.5, 0.4)]), of=study())
    assert found["comparison_by_task"] == found["comparison_overall"] == found["crossing"] == []


def random_pairs(count, seed, ties=0):
    rng = np.random.default_rng(seed)
    pairs = np.round(rng.uniform(0, 1, (count, 2)), 3)
    pairs[:ties, 1] = pairs[:ties, 0]
    return pairs.tolist()


@pytest.mark.parametrize(("count", "ties"), [(12, 0), (40, 7), (8, 2)])
def test_the_test_is_scipys_wilcoxon(count, ties):
    """Pratt's zeros, asymptotic, no correction; each image a patient of its own."""
    pairs = random_pairs(count, seed=count, ties=ties)
    found = only(marts(compared(pairs), of=VERSUS)["comparison_by_task"])
    differences = np.round([a - b for a, b in pairs], 12)  # so that equal differences are ties
    expected = stats.wilcoxon(differences, zero_method="pratt", method="asymptotic", correction=False)
    assert found["p"] == pytest.approx(expected.pvalue)
    ranks = stats.rankdata(np.abs(differences))
    balance = (ranks * np.sign(differences)).sum() / ranks[differences != 0].sum()
    assert found["rank_biserial"] == pytest.approx(balance)


def test_five_differences_are_not_tested():
    """Six that are not zero are."""
    pairs = [(0.5 + 0.01 * k, 0.4) for k in range(1, 6)]
    assert only(marts(compared([*pairs, (0.3, 0.3)]), of=VERSUS)["comparison_by_task"])["p"] is None
    assert only(marts(compared([*pairs, (0.4, 0.3)]), of=VERSUS)["comparison_by_task"])["p"] is not None


def test_the_test_looks_at_patients_and_says_so_by_its_own_mean():
    """A patient of two images weighs as much as one of one: (0.1 + 0.4) / 2, where the objects' mean is 0.2."""
    rows = compared([(0.5, 0.4), (0.7, 0.6), (0.8, 0.4)])
    objects = {one["image"]: obj(one, patient="x" if one["image"] in "01" else "y") for one in rows}
    found = only(marts(rows, objects=objects.values(), of=VERSUS)["comparison_by_task"])
    assert found["mean_difference"] == pytest.approx(0.2)
    assert found["patient_mean_difference"] == pytest.approx(0.25)
    assert (found["low"], found["high"]) == pytest.approx((0.1, 0.4))


def test_p_values_are_corrected_over_tasks_by_holm():
    """Against the step-down rule written out."""
    rows = []
    for index, task in enumerate(("a", "b", "c", "d")):
        shift = 0.05 * index
        pairs = [(min(1, a + shift), b) for a, b in random_pairs(15, seed=index)]
        rows += compared(pairs, task=task)
    found = marts(rows, of=VERSUS)["comparison_by_task"]
    p = sorted(one["p"] for one in found)
    expected, highest = {}, 0.0
    for place, value in enumerate(p):
        highest = max(highest, (len(p) - place) * value)
        expected[value] = min(1.0, highest)
    assert {one["p"]: one["p_holm"] for one in found} == pytest.approx(expected)


def test_a_constant_difference_has_an_interval_of_no_width():
    """And the largest effect."""
    found = only(marts(compared([(0.2 + 0.05 * k, 0.1 + 0.05 * k) for k in range(8)]), of=VERSUS)["comparison_by_task"])
    assert (found["low"], found["high"], found["rank_biserial"]) == pytest.approx((0.1, 0.1, 1.0))


def test_over_tasks_each_task_weighs_the_same():
    """0.1 over three images and 0.5 over one."""
    rows = compared([(0.5, 0.4)] * 3, task="many") + compared([(0.9, 0.4)], task="one")
    found = only(marts(rows, of=VERSUS)["comparison_overall"])
    assert (found["tasks"], found["tasks_won"]) == (2, 2)
    assert found["mean_difference"] == pytest.approx(0.3)


def trajectories(sam, ritm, **others):
    return click_rows(sam, model="sam", **others) + click_rows(ritm, model="ritm", **others)


@pytest.mark.parametrize(
    ("sam", "ritm", "crossing"),
    [
        ([0.5, 0.5, 0.5], [0.4, 0.6, 0.7], 2),
        ([0.5, 0.5, 0.5], [0.6, 0.4, 0.7], 3),
        ([0.5, 0.5, 0.5], [0.6, 0.6, 0.6], 1),
        ([0.5, 0.5, 0.5], [0.4, 0.6, 0.5], None),
    ],
    ids=["overtakes", "falls back once", "from the start", "a tie at the end"],
)
def test_the_crossing_is_the_click_from_which_the_baseline_stays_ahead(sam, ritm, crossing):
    """Up to the last click."""
    found = {one["task"]: one["crossing"] for one in marts(trajectories(sam, ritm), of=VERSUS)["crossing"]}
    assert found == {None: crossing, "t": crossing}


@pytest.mark.parametrize(
    ("spoil", "check"),
    [
        (lambda rows: [*rows, rows[0]], "one row per key"),
        (lambda rows: [{**rows[0], "iou": 0.7}, *rows[1:]], "iou is intersection over union"),
        (lambda rows: [{**rows[0], "union_px": 0}, *rows[1:]], "iou is intersection over union"),
        (lambda rows: rows[1:], "trajectories are complete"),
    ],
    ids=["doubled", "changed", "no union", "incomplete"],
)
def test_rows_that_this_program_does_not_write_fail_a_check_loudly(spoil, check):
    """With an example."""
    rows = click_rows([0.2, 0.4], image="a") + click_rows([0.2, 0.4], image="b")
    objects = [obj(rows[0]), obj(rows[2])]
    with pytest.raises(OutputError, match=f"fail a check \\({check}\\)"):
        marts(spoil(rows), objects=objects)


def test_a_score_without_its_object_fails_a_check():
    """It could not be described."""
    with pytest.raises(OutputError, match="every score has its object"):
        marts([row()], objects=[])


def test_a_model_without_its_baseline_is_compared_with_nothing():
    """One model only: its own marts are there, the comparison is empty."""
    found = marts([row(model="sam")], of=VERSUS)
    assert found["comparison_by_task"] == found["comparison_overall"] == []
    assert len(found["task_scores"]) == 1
