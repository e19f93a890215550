"""An output follows one plan: a new run takes it over only where no finished study is lost from sight."""

from dataclasses import replace

import pytest

from job.audit.current import follow
from job.plan import file as plan_file
from job.plan.file import Part
from job.results import summary
from job.results.store import Results
from tests.audit.test_status import PLAN

ALL = PLAN.parts
OTHER = Part(name="other", chunk="c1", model="sam", block=0, seed=1, episodes=1)


def plan(spec, parts=ALL, limit=None):
    return replace(PLAN, spec=spec * 24, parts=parts, limit=limit)


@pytest.mark.parametrize(
    ("held", "finished", "new", "taken"),
    [
        (plan("a"), True, plan("b", (*ALL, OTHER)), True),
        (plan("a"), True, plan("b", ALL[1:]), False),
        (plan("a"), True, plan("b", (*ALL[1:], OTHER)), False),
        (plan("a"), False, plan("b", ALL[1:]), True),
        (plan("a"), True, plan("b", limit=1), False),
        (plan("a"), False, plan("b", limit=1), False),
        (plan("a", limit=1), True, plan("b", ALL[1:]), True),
        (plan("a", limit=1), True, plan("b", ALL[1:], limit=2), False),
        (plan("a", limit=1), False, plan("b", ALL[1:], limit=2), True),
    ],
)
def test_a_run_takes_over_an_output_that_holds_another_plan(tmp_path, held, finished, new, taken):
    """If that plan has no complete summary, or is a part of the new one; a trial never takes over from a full study."""
    results = Results(str(tmp_path))
    for stored in (held, new):
        plan_file.write(results.output, stored)
    follow(results, held)
    summary.write(results.output, held.spec, {}, complete=finished, settings={})
    follow(results, new)
    assert summary.current_plan(results.output) == (new if taken else held).spec


def test_an_output_without_its_plan_file_is_taken_over(tmp_path):
    """Someone deleted the plan that it followed."""
    results = Results(str(tmp_path))
    summary.follow(results.output, "z" * 24)
    follow(results, plan("b"))
    assert summary.current_plan(results.output) == "b" * 24
