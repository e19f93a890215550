"""The share of the chunks that this worker runs: from --shard, or as a scheduler numbers its workers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from job.errors import JobError
from job.plan.shard import Shard

COUNT = "MEDSAM_JOB_SHARDS"
"""The number of workers, as the user states it."""


@dataclass(frozen=True)
class Numbered:
    """The number that a scheduler gave this worker, and the variable that says so. count: None if it does not say."""

    index: str
    count: str | None
    origin: str


def resolve(text: str | None, count: int | None, environment: Mapping[str, str]) -> Shard | None:
    """Return the shard that `--shard i/n` (text) or the environment names; None if neither does.

    count: `--shards`, which takes precedence over the count in the environment.
    """
    if text is not None:
        index, slash, of = text.partition("/")
        return _shard(index, of if slash else None, f"--shard {text}")
    stated = (environment.get(COUNT) or None) if count is None else str(count)
    numbered = _numbered(environment, stated)
    return _shard(numbered.index, stated or numbered.count, numbered.origin) if numbered else None


def _numbered(environment: Mapping[str, str], stated: str | None) -> Numbered | None:
    """Return the number by an Indexed Job of Kubernetes, AWS Batch, Google Cloud Batch, or an array job of Slurm."""
    for index, count in (
        ("JOB_COMPLETION_INDEX", ""),
        ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE"),
        ("BATCH_TASK_INDEX", "BATCH_TASK_COUNT"),
    ):
        if environment.get(index):
            return Numbered(environment[index], environment.get(count), index)
    return _by_slurm(environment, stated) if environment.get("SLURM_ARRAY_TASK_ID") else None


def _by_slurm(environment: Mapping[str, str], stated: str | None) -> Numbered:
    """Return the place of a task in its array, which may begin at any number and have a step, but no gaps.

    A stated number of shards that is not the array's means that some tasks of a larger array run again: their ids are
    the numbers of the shards then. An array of one whose id is not 0 is probably such a task, without that number.
    """
    task, count, first, last, step = (
        environment.get(f"SLURM_ARRAY_TASK_{name}") or default
        for name, default in (("ID", ""), ("COUNT", "1"), ("MIN", "0"), ("MAX", "0"), ("STEP", "1"))
    )
    origin = f"SLURM_ARRAY_TASK_ID {task}"
    if not all(value.isdecimal() for value in (task, count, first, last, step)):
        raise JobError(f"{origin}: expected numbers in the variables SLURM_ARRAY_TASK_…, or --shard i/N")
    if stated not in (None, count):
        return Numbered(task, None, origin)
    has_gaps = int(last) - int(first) != (int(count) - 1) * int(step)
    if has_gaps or (stated is None and count == "1" and task != "0"):
        raise JobError(
            f"{origin}: an array of {count} from {first} to {last} does not tell which shard of how many this is; "
            f"use an array without gaps, such as 0-7, or state the number of shards: --shards N, or {COUNT}=N"
        )
    return Numbered(str((int(task) - int(first)) // int(step)), count, origin)


def _shard(index: str, count: str | None, origin: str) -> Shard:
    if count is None:
        raise JobError(f"{origin}: expected the number of shards too: --shards N, or {COUNT}=N, or --shard i/N")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise JobError(f"{origin}: expected i/n with 0 <= i < n, counted from 0; got {index}/{count}")
    return Shard(int(index), int(count))
