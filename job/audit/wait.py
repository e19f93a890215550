"""Wait until all parts of a plan are stored or failed, or will not come. Only the store is consulted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from job import storage
from job.audit.current import stored_plan
from job.audit.status import part_state
from job.audit.workers import abandoned
from job.errors import OutputError
from job.plan.file import Plan
from job.results.store import Results
from job.results.words import Word, read_words

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0

Value = TypeVar("Value")


@dataclass
class _Listener:
    """The last words of workers on these plans, and since when each has been known. Clocks of machines may differ."""

    results: Results
    plans: Sequence[str]
    since: dict[Word, float] = field(default_factory=dict)

    def ages(self) -> dict[Word, float]:
        now = time.monotonic()
        words = [word for plan in self.plans for word in read_words(self.results.output, plan)]
        self.since = {word: self.since.get(word, now) for word in words}
        return {word: now - since for word, since in self.since.items()}


def wait_for_plan(results: Results, names: Sequence[str], limit_s: float) -> Plan | None:
    """Wait until a worker has stored the plan, under one of its possible names; return None if none did in time.

    Raise OutputError if all workers ended before.
    """
    listener = _Listener(results, names)

    def stored() -> Plan | None:
        ages = listener.ages()
        plan = stored_plan(results, names)
        if plan is None:
            workers = max((word.shards for word in ages), default=0)
            if workers and len(abandoned(workers, ages)) == workers:
                shown = storage.public(results.output)
                raise OutputError("\n".join([f"output {shown}: no worker stored the plan", *map(str, failures(ages))]))
            structlog.get_logger().info("waiting for a worker to plan")
        return plan

    return _poll(stored, limit_s)


def wait_for_parts(results: Results, plan: Plan, limit_s: float) -> list[Word]:
    """Wait until every part is stored, its chunk has failed, or its worker ended for good; or until the time is over.

    Return the last words of the workers that ended with an error, if parts are missing.
    """
    listener = _Listener(results, [plan.spec])
    positions = {chunk.name: position for position, chunk in enumerate(plan.chunks)}

    def settled() -> list[Word] | None:
        ages = listener.ages()  # before the parts: a worker that is done has stored all that it will
        lost = abandoned(len(plan.chunks), ages)
        stored, failed = results.names("iou"), results.failures()
        states = [part_state(part, stored, failed) for part in plan.parts]
        missing = [part for part, state in zip(plan.parts, states, strict=True) if state == "to do"]
        structlog.get_logger().info(
            "gathering",
            parts=len(states),
            done=states.count("done") + states.count("partial"),
            failed=states.count("failed"),
            workers_ended=sum(word.code is not None for word in ages),
        )
        if any(positions[part.chunk] not in lost for part in missing):
            return None
        return failures(ages) if missing else []

    return _poll(settled, limit_s) or []


def failures(words: Iterable[Word]) -> list[Word]:
    """Return the words of workers that ended with an error, in their order."""
    return sorted((word for word in words if word.code), key=lambda word: (word.shards, word.shard))


def _poll(look: Callable[[], Value | None], limit_s: float) -> Value | None:
    """Call `look` until it returns a value or the time is over. The pauses grow from one second to half a minute."""
    deadline, pause_s = time.monotonic() + limit_s, FIRST_PAUSE_S
    while (value := look()) is None and time.monotonic() < deadline:
        time.sleep(max(0.0, min(pause_s, deadline - time.monotonic())))
        pause_s = min(1.5 * pause_s, LONGEST_PAUSE_S)
    return value
