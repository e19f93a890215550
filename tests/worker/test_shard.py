"""A shard is named by its index and the number of shards, and takes every n-th chunk."""

import pytest

from job.errors import JobError
from job.plan.shard import Shard
from job.worker.shard import resolve


def test_a_shard_is_named_by_index_and_count():
    """The first has index 0; without a name there is no shard."""
    assert resolve("1/3", None, {}) == Shard(1, 3)
    assert resolve(None, None, {}) is None


def test_kubernetes_and_aws_batch_number_their_workers():
    """An Indexed Job provides the index alone; an array job provides the count too."""
    assert resolve(None, 4, {"JOB_COMPLETION_INDEX": "2"}) == Shard(2, 4)
    assert resolve(None, None, {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "7"}) == Shard(0, 7)
    aws = {"AWS_BATCH_JOB_ARRAY_INDEX": "4", "AWS_BATCH_JOB_ARRAY_SIZE": "5"}
    assert resolve(None, None, aws) == Shard(4, 5)


def test_options_take_precedence_over_the_environment():
    """A shard can be run again by hand."""
    environment = {"JOB_COMPLETION_INDEX": "1", "MEDSAM_JOB_SHARDS": "2"}
    assert resolve("0/2", None, environment) == Shard(0, 2)
    assert resolve(None, 5, environment) == Shard(1, 5)


@pytest.mark.parametrize("text", ["3/3", "-1/3", "1", "a/b", "1/", "/2", "1/0"])
def test_an_impossible_shard_is_refused(text):
    """The error says what was expected."""
    with pytest.raises(JobError, match=r"expected"):
        resolve(text, None, {})


def test_an_index_without_a_count_is_refused():
    """The error names the ways to state the count."""
    with pytest.raises(JobError, match="expected the number of shards too: --shards N, or MEDSAM_JOB_SHARDS=N"):
        resolve(None, None, {"JOB_COMPLETION_INDEX": "1"})


def test_a_shard_takes_every_nth_chunk():
    """Neighbouring chunks cost alike, such as those of one large volume, so they go to different workers."""
    assert [list(Shard(index, 3).share("abcdefgh")) for index in range(3)] == [list("adg"), list("beh"), list("cf")]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12])
def test_every_chunk_is_in_one_share(count):
    """Shares differ by one chunk at most; with more shards than chunks some are empty."""
    shares = [Shard(index, count).share(range(10)) for index in range(count)]
    assert sorted(item for share in shares for item in share) == list(range(10))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1
