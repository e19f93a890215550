"""Which sides are compared: the spec's, and all pairs of three or more models, each once."""

import pytest

from job.statistics.contrasts import contrasts
from tests.statistics.tables import study


def sides(kind, **settings):
    """Return both models of each contrast of a kind."""
    rows = contrasts(study(**settings)).to_pylist()
    return [(row["of_model"], row["minus_model"]) for row in rows if row["kind"] == kind]


@pytest.mark.parametrize(
    ("compare", "pairs"),
    [
        (None, [("a", "b"), ("a", "c"), ("b", "c")]),
        (("a", "b"), [("a", "c"), ("b", "c")]),
        (("b", "a"), [("a", "c"), ("b", "c")]),
        (("a", "c"), [("a", "b"), ("b", "c")]),
    ],
)
def test_three_models_are_compared_in_pairs_without_that_of_the_spec(compare, pairs):
    """In whichever direction the spec compares it."""
    settings = {"models": ("a", "b", "c"), "compare": compare}
    assert sides("pair", **settings) == pairs
    assert sides("compare", **settings) == ([compare] if compare else [])


@pytest.mark.parametrize("models", [("a",), ("a", "b")])
def test_one_or_two_models_have_no_pairs(models):
    """Two are compared if the spec says so."""
    assert sides("pair", models=models) == []


def test_every_study_compares_the_best_candidate_with_that_of_the_highest_score():
    """The regret: `oracle` against `score`, of any model."""
    (row,) = [row for row in contrasts(study()).to_pylist() if row["kind"] == "regret"]
    assert (row["of_model"], row["of_mask_choice"], row["minus_mask_choice"]) == (None, "oracle", "score")
