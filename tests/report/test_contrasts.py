"""What is said of a contrast: no more than its interval holds."""

from job.report.contrasts import finding, findings, lead

ROW = {
    "contrast": "sam minus ritm", "model": "sam", "baseline": "ritm", "prompt": "clicks", "step": 9,
    "cluster": "patient", "mask_choice": "oracle", "baseline_choice": "single", "mean_difference": -0.1,
    "interval_mean": -0.12, "low": -0.2, "high": -0.05, "p": 0.0004, "few_tasks": None, "interval_tasks": 6, "tasks": 6,
}  # fmt: skip


def test_an_interval_below_0_is_a_finding_for_the_second_side():
    """The difference is the mean that the interval belongs to, without its sign."""
    bounds = "95 % interval 0.0500 to 0.2000, p <0.001"
    said = f"After 9 clicks the mean IoU of ritm is 0.1200 higher than that of sam ({bounds}), mask choice oracle."
    assert finding(ROW, 0.95) == said


def test_an_interval_above_0_is_a_finding_for_the_first_side():
    """Of one mode, and of another confidence."""
    row = ROW | {"low": 0.01, "high": 0.3, "interval_mean": 0.2, "prompt": "whole_box", "step": 1, "p": None}
    said = "With whole_box the mean IoU of sam is 0.2000 higher than that of ritm (90 % interval 0.0100 to 0.3000)"
    assert finding(row, 0.9) == f"{said}, mask choice oracle."


def test_an_interval_that_includes_0_is_no_finding():
    """An end of exactly 0 is none either."""
    for high in (0.05, 0.0):
        said = finding(ROW | {"high": high, "p": 0.2}, 0.95)
        assert said.startswith("After 9 clicks neither is shown to be ahead: sam minus ritm is -0.1200 mean IoU (95 %")


def test_without_an_interval_nothing_is_claimed():
    """Fewer than five patients in every task."""
    said = finding(ROW | {"low": None, "high": None, "interval_mean": None}, 0.95)
    assert said.startswith("After 9 clicks sam minus ritm is -0.1000 mean IoU, mask choice oracle; too few patients")


def test_tasks_without_part_are_counted():
    """The finding is of the others."""
    assert ", over 2 of 6 tasks, " in finding(ROW | {"few_tasks": "A: b; C: d", "interval_tasks": 2}, 0.95)


def test_one_model_is_not_said_to_be_better_than_itself():
    """The sides of the contrast are named."""
    row = ROW | {"contrast": "box minus clicks", "baseline": "sam", "baseline_choice": "first"}
    said = finding(row, 0.95)
    assert "the mean IoU of the second is 0.1200 higher than that of the first side of box minus clicks (95" in said
    assert said.endswith("mask choice oracle against first.")


def test_a_lead_is_told_only_where_an_interval_holds_it():
    """The row of `crossing` names who is ahead, or nobody."""
    assert lead({"ahead": "ritm", "ahead_from": 3}, ROW) == "ritm is ahead from click 3 on"
    assert lead({"ahead": None, "ahead_from": None}, ROW) is None
    assert lead({}, ROW) is None


PAIR = ROW | {"protocol": "ritm", "seed": 3, "baseline_protocol": "ritm", "baseline_seed": 3}


def test_findings_of_several_seeds_and_protocols_are_told_apart():
    """Otherwise two sentences would give two numbers for one thing."""
    other = PAIR | {"protocol": "mazurowski2023", "baseline_protocol": "mazurowski2023"}
    seeds = findings([PAIR, PAIR | {"seed": 4, "baseline_seed": 4}], 0.95)
    assert [said[:14] for said in seeds] == ["Seed 3: After ", "Seed 4: After "]
    assert [said.split(":")[0] for said in findings([PAIR, other], 0.95)] == [
        "Clicks by ritm",
        "Clicks by mazurowski2023",
    ]


def test_the_finding_of_the_only_seed_does_not_name_it():
    """Of each pair of sides the last click is told."""
    assert findings([PAIR | {"step": 1}, PAIR], 0.95) == [finding(PAIR, 0.95)]
