"""Which plan an output follows: one at a time, so that tables, marts and commands never speak of two studies."""

from __future__ import annotations

import structlog

from job.plan import file as plan_file
from job.plan.file import Plan
from job.results import summary
from job.results.store import Results


def follow(results: Results, plan: Plan, *, again: bool = False) -> None:
    """Let the output follow a plan, unless it holds another one that must stay; say so if it holds another one.

    again: this process followed the plan before, and has said so.

    What must stay is a summary that is complete, unless the plan has all of its parts and more, and a full study before
    a trial (`--limit`). The plan's own summary then gets a place of its own.
    """
    held = _held(results)
    if held is None or _may_replace(plan, held, results):
        summary.follow(results.output, plan.spec)
    if again or held is None or held.spec == plan.spec:
        return
    log = structlog.get_logger().bind(output_holds=held.spec, this_run=plan.spec)
    if (place := summary.place(results.output, plan.spec)) == results.output:
        log.warning("this output held another plan; from now on it follows the one of this run")
    else:
        log.warning(
            "this output holds another study, which stays; the summary of this run gets a place of its own",
            place=place,
        )


def _held(results: Results) -> Plan | None:
    """Return the plan that the output follows, None if there is none."""
    name = summary.current_plan(results.output)
    return None if name is None else plan_file.read(results.output, name)


def _may_replace(plan: Plan, held: Plan, results: Results) -> bool:
    if held.spec == plan.spec:
        return False  # followed already
    if (plan.limit is None) != (held.limit is None):
        return plan.limit is None
    extends = {part.name for part in held.parts} <= {part.name for part in plan.parts}
    return extends or not summary.is_complete(results.output, held.spec)
