"""Wait until all parts of a plan are stored or failed. Only the store is consulted, never the workers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import structlog

from job.audit.status import count_parts
from job.plan import file as plan_file
from job.plan.file import Plan
from job.results.store import Results

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0

Value = TypeVar("Value")


def wait_for_plan(results: Results, name: str, limit_s: float) -> Plan | None:
    """Wait until a worker has stored the plan; return None if none did in time."""

    def stored() -> Plan | None:
        plan = plan_file.read(results.output, name)
        if plan is None:
            structlog.get_logger().info("waiting for a worker to plan")
        return plan

    return _poll(stored, limit_s)


def wait_for_parts(results: Results, plan: Plan, limit_s: float) -> None:
    """Wait until every part is stored or its chunk has failed, or until the time is over."""

    def settled() -> bool | None:
        models = count_parts(results, plan)
        counts = {
            "parts": sum(model.planned for model in models),
            "done": sum(model.done + model.partial for model in models),
            "failed": sum(model.failed for model in models),
        }
        structlog.get_logger().info("gathering", **counts)
        return counts["done"] + counts["failed"] >= counts["parts"] or None

    _poll(settled, limit_s)


def _poll(look: Callable[[], Value | None], limit_s: float) -> Value | None:
    """Call `look` until it returns a value or the time is over. The pauses grow from one second to half a minute."""
    deadline, pause_s = time.monotonic() + limit_s, FIRST_PAUSE_S
    while (value := look()) is None and time.monotonic() < deadline:
        time.sleep(max(0.0, min(pause_s, deadline - time.monotonic())))
        pause_s = min(1.5 * pause_s, LONGEST_PAUSE_S)
    return value
