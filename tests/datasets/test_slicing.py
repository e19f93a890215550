"""Which slices of a volume are looked at."""

import pytest

from job.datasets.slicing import largest, lists_empty, raw_slices
from job.study.dataset import Every, Slices


@pytest.mark.parametrize(
    ("rule", "slices"),
    [
        (Slices(), (0, 1, 2, 3, 4)),
        (Slices(keep="all"), (0, 1, 2, 3, 4)),
        (Slices(keep="largest"), (0, 1, 2, 3, 4)),
        (Slices(keep=Every(every=2)), (0, 2, 4)),
        (Slices(keep=Every(every=9)), (0,)),
        (Slices(indices=(3, 1, 3, 7)), (1, 3, 7)),
    ],
)
def test_raw_slices_of_five(rule: Slices, slices: tuple[int, ...]) -> None:
    """Known from the count alone, ascending; an index beyond the volume stays, to be told."""
    assert raw_slices(rule, 5) == slices


def test_which_rules_list_empty_slices() -> None:
    """Slices that were asked for by number, or all, are in the ledger when empty."""
    rules = [Slices(), Slices(keep="largest"), Slices(keep="all"), Slices(keep=Every(every=2)), Slices(indices=(1,))]
    assert [lists_empty(rule) for rule in rules] == [False, False, True, True, True]


def test_largest_is_the_first_of_equals() -> None:
    """A volume without an object has none."""
    assert largest([0, 3, 7, 7]) == 2
    assert largest([0, 0]) is None
