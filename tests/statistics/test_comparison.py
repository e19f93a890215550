"""Model against baseline on the objects that both saw: by hand, and against scipy."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from tests.statistics.tables import click_rows, iou_row, marts, object_row, only, study

VERSUS = study(compare=("sam", "ritm"))


def paired(pairs, **others):
    """Return rows of pairs of IoU (sam, ritm), one image each."""
    rows = []
    for index, (sam, ritm) in enumerate(pairs):
        rows.append(iou_row(iou=sam, image=str(index), model="sam", **others))
        rows.append(iou_row(iou=ritm, image=str(index), model="ritm", **others))
    return rows


def by_task(rows, **others):
    """Compute the comparison by task."""
    return marts(rows, of=VERSUS, **others)["comparison_by_task"]


def test_differences_are_paired_by_object():
    """0.5 - 0.4 and 0.9 - 0.6."""
    row = only(by_task(paired([(0.5, 0.4), (0.9, 0.6)])))
    assert row["mean_difference"] == pytest.approx(0.2)
    assert (row["objects"], row["model_iou"], row["baseline_iou"]) == (2, pytest.approx(0.7), pytest.approx(0.5))
    assert (row["model"], row["baseline"]) == ("sam", "ritm")


def test_only_objects_that_both_saw_are_compared_and_the_others_are_listed():
    """A missing score does not count as zero."""
    rows = [*paired([(0.5, 0.4)]), iou_row(iou=1.0, image="alone", model="sam")]
    tables = marts(rows, of=VERSUS)
    assert only(tables["comparison_by_task"])["objects"] == 1
    missing = only(tables["object_differences"])
    assert (missing["model"], missing["missing"]) == ("ritm", 1)


def test_a_mask_choice_that_saw_fewer_objects_than_another_is_listed():
    """Of the same model: each choice is a run of its own."""
    rows = [iou_row(image=image, choice="first") for image in "ab"] + [iou_row(image="a", choice="oracle")]
    missing = only(marts(rows)["object_differences"])
    assert (missing["model"], missing["mask_choice"], missing["missing"]) == ("m", "oracle", 1)


def test_no_model_lacks_a_mask_choice_that_it_does_not_have():
    """One mask beside two choices, on the same object."""
    rows = [iou_row(model="ritm", choice="single")]
    rows += [iou_row(model="sam", choice=choice) for choice in ("first", "oracle")]
    assert marts(rows)["object_differences"] == []


def test_ties_count_half_of_a_win():
    """Won, lost, tied: one and a half of three."""
    assert only(by_task(paired([(0.6, 0.5), (0.5, 0.6), (0.5, 0.5)])))["won"] == pytest.approx(0.5)


def test_each_mask_choice_is_compared_with_the_single_mask_of_the_baseline():
    """SAM's choices with RITM's one mask."""
    rows = [iou_row(iou=0.2, model="ritm", choice="single")]
    rows += [iou_row(iou=iou, model="sam", choice=choice) for choice, iou in (("first", 0.3), ("oracle", 0.6))]
    comparisons = {row["mask_choice"]: row for row in by_task(rows)}
    assert {choice: row["mean_difference"] for choice, row in comparisons.items()} == pytest.approx(
        {"first": 0.1, "oracle": 0.4}
    )
    assert {row["baseline_choice"] for row in comparisons.values()} == {"single"}


def test_the_same_mask_choice_of_the_baseline_goes_before_its_single_mask():
    """A baseline with both."""
    rows = [iou_row(iou=iou, model="ritm", choice=choice) for choice, iou in (("oracle", 0.5), ("single", 0.2))]
    row = only(by_task([*rows, iou_row(iou=0.6, model="sam", choice="oracle")]))
    assert (row["baseline_choice"], row["mean_difference"]) == ("oracle", pytest.approx(0.1))


def test_another_mask_choice_of_the_baseline_is_no_counterpart():
    """`first` beside `oracle` is compared with nothing."""
    assert by_task([iou_row(model="sam", choice="first"), iou_row(model="ritm", choice="oracle")]) == []


def test_another_mode_or_protocol_of_the_baseline_is_no_counterpart():
    """Boxes are not compared with points, nor clicks by one protocol with clicks by another."""
    assert by_task([iou_row(model="sam", prompt="whole_box"), iou_row(model="ritm", prompt="each_point")]) == []
    protocols = {"sam": "ritm", "ritm": "mazurowski2023"}
    assert by_task([click_rows([0.5], model=model, protocol=name)[0] for model, name in protocols.items()]) == []


def test_without_a_comparison_in_the_spec_the_marts_are_empty():
    """Those of tasks, over tasks, and of the crossing."""
    tables = marts(paired([(0.5, 0.4)]), of=study())
    assert tables["comparison_by_task"] == tables["comparison_overall"] == tables["crossing"] == []


def test_a_model_without_its_baseline_is_compared_with_nothing():
    """The marts of its scores are computed, the comparison is empty."""
    tables = marts([iou_row(model="sam")], of=VERSUS)
    assert tables["comparison_by_task"] == tables["comparison_overall"] == []
    assert len(tables["task_scores"]) == 1


@pytest.mark.parametrize(("count", "ties"), [(12, 0), (40, 7), (8, 2)])
def test_the_secondary_test_is_scipys_wilcoxon(count, ties):
    """Pratt's zeros, exact where scipy has it, no correction; each image a patient of its own."""
    pairs = np.round(np.random.default_rng(count).uniform(0, 1, (count, 2)), 3)
    pairs[:ties, 1] = pairs[:ties, 0]
    row = only(by_task(paired(pairs.tolist())))
    differences = np.round(pairs[:, 0] - pairs[:, 1], 12)  # so that equal differences are ties
    expected = stats.wilcoxon(differences, zero_method="pratt", correction=False)
    assert row["wilcoxon_p"] == pytest.approx(expected.pvalue)
    ranks = stats.rankdata(np.abs(differences))
    balance = (ranks * np.sign(differences)).sum() / ranks[differences != 0].sum()
    assert row["rank_biserial"] == pytest.approx(balance)


def test_the_primary_test_flips_the_signs_of_patients():
    """Of the 64 sums of +-1 to +-6 hundredths, those that are 17 or more on either side."""
    pairs = [(0.5 + 0.01 * k, 0.5) for k in (-2, 1, 3, 4, 5, 6)]
    sums = [sum(signs) for signs in product(*((k, -k) for k in range(1, 7)))]
    row = only(by_task(paired(pairs)))
    assert row["p"] == pytest.approx(sum(abs(total) >= 17 for total in sums) / 64)


def test_a_patient_flips_with_all_its_images():
    """Twelve images of six patients: 2 of the 64 flips are as extreme as six differences of one sign."""
    rows = paired([(0.5 + 0.01 * k, 0.4) for k in range(12)])
    objects = {row["image"]: object_row(row, patient=str(int(row["image"]) // 2)) for row in rows}
    assert only(by_task(rows, objects=objects.values()))["p"] == pytest.approx(2 / 64)


def test_many_patients_flip_at_random():
    """2 of the 2**13 flips are as extreme, so that nearly none of 10,000 random ones are; the observed one counts."""
    p = only(by_task(paired([(0.5 + 0.01 * k, 0.4) for k in range(13)])))["p"]
    assert 1 / 10_001 <= p < 0.002


def test_differences_that_cancel_but_for_the_last_digits_are_zeros():
    """Eight patients whose three slices differ by +1/3, -1/6 and -1/6."""
    rows, objects = [], []
    for patient, (slice_, third) in product(range(8), enumerate([(1, 0), (1, 1.5), (1, 1.5)])):
        for model, thirds in zip(("sam", "ritm"), third, strict=True):
            row = iou_row(image=f"{patient}-{slice_}", model=model)
            rows.append(row | {"iou": thirds / 3, "intersection_px": round(2 * thirds), "union_px": 6})
        objects.append(object_row(rows[-1], patient=str(patient)))
    row = only(by_task(rows, objects=objects))
    assert (row["nonzero_differences"], row["p"], row["wilcoxon_p"]) == (0, None, None)


def test_five_differences_are_not_tested():
    """Six that are not zero are."""
    pairs = [(0.5 + 0.01 * k, 0.4) for k in range(1, 6)]
    five, six = only(by_task(paired([*pairs, (0.3, 0.3)]))), only(by_task(paired([*pairs, (0.4, 0.3)])))
    assert (five["nonzero_differences"], five["p"], five["wilcoxon_p"]) == (5, None, None)
    assert (six["nonzero_differences"], six["p"] is None, six["wilcoxon_p"] is None) == (6, False, False)


def test_equal_scores_have_no_effect_size():
    """All differences are zero."""
    row = only(by_task(paired([(0.5, 0.5), (0.3, 0.3)])))
    assert (row["mean_difference"], row["rank_biserial"], row["p"]) == (0, None, None)


def test_the_secondary_test_compares_patients_whatever_their_number_of_images():
    """A patient of two images weighs as much as one of one: (0.1 + 0.4) / 2, where the objects' mean is 0.2."""
    rows = paired([(0.5, 0.4), (0.7, 0.6), (0.8, 0.4)])
    objects = {row["image"]: object_row(row, patient="x" if row["image"] in "01" else "y") for row in rows}
    row = only(by_task(rows, objects=objects.values()))
    assert row["mean_difference"] == pytest.approx(0.2)
    assert row["cluster_mean_difference"] == pytest.approx(0.25)


def test_four_patients_have_no_interval_of_the_difference():
    """By task and over tasks; five have one."""
    for patients, missing in ((4, True), (5, False)):
        tables = marts(paired([(0.5, 0.4)] * patients), of=VERSUS)
        for name in ("comparison_by_task", "comparison_overall"):
            row = only(tables[name])
            assert (row["clusters"], row["low"] is None, row["high"] is None) == (patients, missing, missing)


def test_p_values_are_corrected_over_tasks_by_holm():
    """Five tested tasks, two pairs of equal p. A task that is not tested does not count, nor another seed, nor step.

    Sorted: 2/256, 2/256, 2/64, and twice a large one, times 5, 4, 3, 2, 1. The second may not be below the first, nor
    the last below the last but one, whose product is cut to 1.
    """
    lost = {
        "a": (8, ()),
        "b": (8, ()),
        "c": (6, ()),
        "d": (8, (1, 2, 3, 5, 6)),
        "e": (8, (1, 2, 3, 5, 6)),
        "f": (5, ()),
    }
    rows = []
    for task, (count, ranks) in lost.items():
        pairs = [(0.5 - 0.01 * k if k in ranks else 0.5 + 0.01 * k, 0.5) for k in range(1, count + 1)]
        for seed, step in ((0, 1), (0, 2), (1, 1)):
            rows += paired(pairs, task=task, seed=seed, step=step)
    comparisons = {row["task"]: row for row in by_task(rows) if (row["seed"], row["step"]) == (0, 1)}
    small = {task: comparisons[task]["p"] for task in "abc"}
    assert small == pytest.approx({"a": 2 / 256, "b": 2 / 256, "c": 2 / 64})
    assert comparisons["d"]["p"] == comparisons["e"]["p"] > 0.5
    assert {task: row["p_holm"] for task, row in comparisons.items()} == pytest.approx(
        {"a": 10 / 256, "b": 10 / 256, "c": 6 / 64, "d": 1, "e": 1, "f": None}
    )


def test_clicks_are_tested_at_the_first_and_the_last():
    """Unless the spec names others; the area under the curve always is."""
    rows = []
    for image in range(6):
        for model, level in (("sam", 0.5 + 0.01 * image), ("ritm", 0.4)):
            rows += click_rows([level, level, level], image=str(image), model=model, choice="single")
    tables = marts(rows, of=VERSUS)
    assert {row["step"]: row["p"] is None for row in tables["comparison_by_task"]} == {1: False, 2: True, 3: False}
    areas = [row for row in tables["differences_by_task"] if row["measure"] == "AUC@3"]
    assert only(areas)["p"] == pytest.approx(2 / 64)


def test_a_constant_difference_has_an_interval_of_no_width():
    """And the largest effect size."""
    row = only(by_task(paired([(0.2 + 0.05 * k, 0.1 + 0.05 * k) for k in range(8)])))
    assert (row["low"], row["high"], row["rank_biserial"]) == pytest.approx((0.1, 0.1, 1.0))


def test_over_tasks_each_task_weighs_the_same():
    """0.1 over three images, 0.5 over one, and a tie, which is won by half."""
    rows = paired([(0.5, 0.4)] * 3, task="many") + paired([(0.9, 0.4)], task="single")
    row = only(marts(rows + paired([(0.5, 0.5)], task="tie"), of=VERSUS)["comparison_overall"])
    assert (row["tasks"], row["objects"], row["tasks_won"]) == (3, 5, 2.5)
    assert (row["mean_difference"], row["won"]) == pytest.approx((0.2, 2.5 / 3))


@pytest.mark.parametrize(("sam", "not_inferior"), [(0.5, 1), (0.46, 1), (0.44, 0)])
def test_not_inferior_is_the_share_of_resamples_above_minus_the_margin(sam, not_inferior):
    """Constant differences of 0, -0.04 and -0.06 from 0.5, with a margin of 0.05."""
    of = VERSUS.model_copy(update={"statistics": VERSUS.statistics.model_copy(update={"margin": 0.05})})
    tables = marts(paired([(sam, 0.5)] * 5), of=of)
    for name in ("comparison_by_task", "comparison_overall"):
        assert only(tables[name])["not_inferior"] == not_inferior
