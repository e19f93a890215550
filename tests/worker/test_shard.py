"""A shard is named by its index and the number of shards, and takes every n-th chunk."""

from collections.abc import Sequence

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


def test_google_cloud_batch_numbers_its_tasks():
    """Each task of a group has an index and the number of tasks."""
    assert resolve(None, None, {"BATCH_TASK_INDEX": "3", "BATCH_TASK_COUNT": "4"}) == Shard(3, 4)


def by_slurm(task: int, ids: Sequence[int], step: int = 1, **more: str) -> Shard | None:
    """Return the shard of a task of an array, with the variables as Slurm sets them."""
    figures = {"ID": task, "COUNT": len(ids), "MIN": min(ids), "MAX": max(ids), "STEP": step}
    return resolve(None, None, {f"SLURM_ARRAY_TASK_{name}": str(value) for name, value in figures.items()} | more)


@pytest.mark.parametrize("ids", [range(4), range(1, 5), range(10, 30, 5)])
def test_the_tasks_of_a_slurm_array_are_the_shards_in_order(ids):
    """Of `--array=0-3`, `1-4` and `10-25:5`: the first task is shard 0, whatever its id."""
    assert [by_slurm(task, ids, ids.step) for task in ids] == [Shard(index, 4) for index in range(4)]


@pytest.mark.parametrize("ids", [[0, 2, 3], [2]])
def test_a_slurm_array_with_gaps_is_refused(ids):
    """Of `--array=0,2,3` or `2`: a task knows the smallest and the largest id alone, and cannot tell its place."""
    with pytest.raises(JobError, match=f"an array of {len(ids)} from {ids[0]} to {ids[-1]} does not tell which shard"):
        by_slurm(2, ids)


def test_some_tasks_of_a_slurm_array_run_again_as_the_shards_that_they_were():
    """Of `--array=2` or `--array=2,5` where the study has eight shards: the ids are its numbers."""
    assert by_slurm(2, [2], MEDSAM_JOB_SHARDS="8") == Shard(2, 8)
    assert by_slurm(5, [2, 5], MEDSAM_JOB_SHARDS="8") == Shard(5, 8)
    assert by_slurm(1, range(1, 9), MEDSAM_JOB_SHARDS="8") == Shard(0, 8)
    with pytest.raises(JobError, match="got 8/8"):
        by_slurm(8, [8], MEDSAM_JOB_SHARDS="8")


def test_a_single_task_of_a_slurm_array_is_the_whole_study():
    """Of `--array=0`, or of another id where one shard is stated."""
    assert by_slurm(0, [0]) == Shard(0, 1)
    assert by_slurm(1, [1], MEDSAM_JOB_SHARDS="1") == Shard(0, 1)


def test_a_slurm_job_without_an_array_is_no_shard():
    """The other variables of Slurm number nothing."""
    assert resolve(None, None, {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "2"}) is None


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
