"""`seed: 1` and `seeds: [1, 2, 3]`: the seeds of the random choices between equally deep pixels."""

import pytest

from job.plan.file import spec_name
from job.study import loads
from tests.study.small import SMALL, only_fault


def seeds(line):
    """Return the seeds of a spec with one more line."""
    return loads(SMALL + line).study.all_seeds


def plan_name(line):
    """Return the name of the plan of a spec with one more line."""
    return spec_name(loads(SMALL + line).study, None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", (0,)),
        ("seed: 0\n", (0,)),
        ("seed: 7\n", (7,)),
        ("seeds: [7]\n", (7,)),
        ("seeds: [0]\n", (0,)),
        ("seeds: [3, 1, 2]\n", (3, 1, 2)),
        ("seed: 9223372036854775807\n", (2**63 - 1,)),
    ],
)
def test_a_study_has_one_seed_or_several(line, expected):
    """The default is 0, and the order is that of the spec."""
    assert seeds(line) == expected


@pytest.mark.parametrize("line", ["seed: 1\nseeds: [2]\n", "seed: 0\nseeds: [0]\n"])
def test_both_forms_at_once_are_refused(line):
    """Also if they agree."""
    assert only_fault(SMALL + line) == "s.yaml:14:1: seeds: expected either seed or seeds, not both"


def test_a_repeated_seed_is_refused_at_its_key():
    """Its rows could not be told apart."""
    assert only_fault(SMALL + "seeds: [1, 2, 1]\n") == "s.yaml:13:1: seeds: expected each seed once"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("seed: -1\n", "s.yaml:13:1: seed: expected at least 0 (got -1)"),
        ("seeds: [1, -2]\n", "s.yaml:13:12: seeds[1]: expected at least 0 (got -2)"),
        ("seeds: []\n", "s.yaml:13:1: seeds: expected at least 1 item, not 0"),
        ("seeds: 1\n", "s.yaml:13:1: seeds: expected a list (got 1)"),
        ("seed: [1]\n", "s.yaml:13:1: seed: expected an integer"),
        ("seed: 1.5\n", "s.yaml:13:1: seed: expected an integer (got 1.5)"),
        ("statistics: {seed: -1}\n", "s.yaml:13:14: statistics.seed: expected at least 0 (got -1)"),
    ],
)
def test_a_seed_is_an_integer_from_0_on(line, expected):
    """The fault is at the seed, or at its key."""
    assert only_fault(SMALL + line) == expected


def test_both_forms_of_one_seed_name_the_same_plan():
    """A study may change from `seed` to `seeds` and finds its work done."""
    assert plan_name("seed: 1\n") == plan_name("seeds: [1]\n")
    assert plan_name("") == plan_name("seed: 0\n") == plan_name("seeds: [0]\n")


def test_other_seeds_name_another_plan():
    """Its parts are others."""
    lines = ["seed: 0\n", "seed: 1\n", "seeds: [0, 1]\n", "seeds: [0, 1, 2]\n"]
    assert len({plan_name(line) for line in lines}) == len(lines)


def test_the_seed_of_the_bootstrap_is_another():
    """Its default is 0, and it changes neither the rows nor the name of the plan."""
    study = loads(SMALL + "seed: 5\nstatistics: {seed: 8}\n").study
    assert (study.all_seeds, study.statistics.seed) == ((5,), 8)
    assert loads(SMALL + "seed: 5\n").study.statistics.seed == 0
    assert plan_name("seed: 5\nstatistics: {seed: 8}\n") == plan_name("seed: 5\n")
