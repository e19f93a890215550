"""The share of the chunks that this worker runs: from --shard, or from the variables of Kubernetes and AWS Batch."""

from __future__ import annotations

from collections.abc import Mapping

from job.errors import JobError
from job.plan.shard import Shard

INDEXES = ("JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX")
"""The index of a worker: in an Indexed Job of Kubernetes, in an array job of AWS Batch."""
COUNTS = ("MEDSAM_JOB_SHARDS", "AWS_BATCH_JOB_ARRAY_SIZE")
"""The number of workers: set by the user, or by AWS Batch."""


def resolve(text: str | None, count: int | None, environment: Mapping[str, str]) -> Shard | None:
    """Return the shard that `--shard i/n` (text) or the environment names; None if neither does.

    count: `--shards`, which takes precedence over the count in the environment.
    """
    if text is not None:
        index, slash, of = text.partition("/")
        return _shard(index, of if slash else None, f"--shard {text}")
    name = next((name for name in INDEXES if environment.get(name)), None)
    if name is None:
        return None
    counted = next((environment[key] for key in COUNTS if environment.get(key)), None)
    return _shard(environment[name], counted if count is None else str(count), name)


def _shard(index: str, count: str | None, origin: str) -> Shard:
    if count is None:
        raise JobError(f"{origin}: expected the number of shards too: --shards N, or {COUNTS[0]}=N, or --shard i/N")
    if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
        raise JobError(f"{origin}: expected i/n with 0 <= i < n, counted from 0; got {index}/{count}")
    return Shard(int(index), int(count))
