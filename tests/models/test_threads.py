"""Torch takes its number of threads from the node, unless it is told what the process may use."""

from collections.abc import Iterator

import pytest
import torch

from job.models.threads import limit_threads


@pytest.fixture(autouse=True)
def three_threads() -> Iterator[None]:
    """Torch has three threads, and gets its own number back after the test."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("processors", "threads"), [(1, 1), (2, 2), (3, 3), (96, 3)])
def test_torch_has_no_more_threads_than_there_are_processors(processors: int, threads: int) -> None:
    """Nor more than it chose: on processors with two threads each, it takes one of them."""
    limit_threads(processors, {})
    assert torch.get_num_threads() == threads


def test_a_number_that_the_user_states_is_kept() -> None:
    """By the variable that OpenMP, and so torch, reads."""
    limit_threads(1, {"OMP_NUM_THREADS": "3"})
    assert torch.get_num_threads() == 3
