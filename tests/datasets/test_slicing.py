"""Which slices of a volume are evaluated."""

import pytest

from job.datasets.slicing import candidates, largest, lists_empty
from job.study.dataset import Every, Slices


@pytest.mark.parametrize(
    ("rule", "slices"),
    [
        (Slices(), (0, 1, 2, 3, 4)),
        (Slices(keep="all"), (0, 1, 2, 3, 4)),
        (Slices(keep="largest"), (0, 1, 2, 3, 4)),
        (Slices(keep=Every(every=1)), (0, 1, 2, 3, 4)),
        (Slices(keep=Every(every=2)), (0, 2, 4)),
        (Slices(keep=Every(every=3)), (0, 3)),
        (Slices(keep=Every(every=9)), (0,)),
        (Slices(indices=(3, 1, 3, 7)), (1, 3, 7)),
    ],
)
def test_candidates_of_five_slices(rule: Slices, slices: tuple[int, ...]) -> None:
    """Candidates follow from the number of slices, ascending; an index beyond the end stays, to become an error."""
    assert candidates(rule, 5) == slices


def test_rules_that_list_empty_slices() -> None:
    """The ledger lists empty slices if the spec asks for all slices, for each n-th, or for slices by index."""
    rules = [Slices(), Slices(keep="largest"), Slices(keep="all"), Slices(keep=Every(every=2)), Slices(indices=(1,))]
    assert [lists_empty(rule) for rule in rules] == [False, False, True, True, True]


@pytest.mark.parametrize(
    ("object_px", "position"), [([0, 3, 7, 7], 2), ([5, 5, 5], 0), ([1, 0, 2], 2), ([0, 0], None), ([], None)]
)
def test_largest_is_the_first_of_equals(object_px: list[int], position: int | None) -> None:
    """The position of the highest count, the first of several; None without any object."""
    assert largest(object_px) == position
