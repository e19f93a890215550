"""Which chunks no worker will finish, from the workers' last words and for how long each has been known."""

import pytest

from job.audit.workers import RETRY_S, abandoned
from job.results.words import Word


def word(shard, code, shards=2):
    """Return a worker's last word. code: None while it is at work."""
    return Word(plan="p", shard=shard, shards=shards, code=code, reason="why", time="2026-11-26T10:00:00+00:00")


@pytest.mark.parametrize("code", [0, 2, 3])
def test_the_chunks_of_a_worker_that_ended_for_good_will_not_come(code):
    """Every second one of five. The other worker is at work."""
    assert abandoned(5, {word(1, code): 0.0, word(0, None): 9e9}) == {1, 3}


@pytest.mark.parametrize("code", [1, 4, 42])
def test_a_worker_that_a_cluster_starts_again_has_half_an_hour(code):
    """After a defect, or on another machine."""
    assert abandoned(4, {word(1, code): RETRY_S - 1}) == set()
    assert abandoned(4, {word(1, code): RETRY_S}) == {1, 3}


@pytest.mark.parametrize("code", [130, 143])
def test_a_worker_that_was_stopped_comes_back(code):
    """A spot machine may come back after days."""
    assert abandoned(4, {word(1, code): 9e9}) == set()


def test_when_one_worker_ended_with_2_the_stopped_ones_do_not_come_back():
    """Kubernetes stops all workers then; half an hour is for those that are started by hand."""
    assert abandoned(3, {word(0, 2, 3): RETRY_S - 1, word(1, 143, 3): RETRY_S}) == {0}
    assert abandoned(3, {word(0, 2, 3): RETRY_S, word(1, 143, 3): RETRY_S}) == {0, 1, 2}


def test_a_worker_at_work_is_waited_for_whatever_happens_to_others():
    """It may have been killed without a word, which cannot be known."""
    assert abandoned(3, {word(0, 2, 3): 9e9, word(1, None, 3): 9e9}) == {0, 2}


def test_a_worker_that_has_not_begun_is_waited_for():
    """While none ended with 2."""
    assert abandoned(4, {word(1, 4): 9e9, word(0, None, 4): 9e9}) == {1, 3}
    assert abandoned(4, {}) == set()


def test_a_chunk_is_expected_from_any_worker_that_has_it():
    """Here from the third of four, while the first of two has ended."""
    assert abandoned(4, {word(0, 2, 2): 0.0, word(2, None, 4): 0.0}) == {0}
