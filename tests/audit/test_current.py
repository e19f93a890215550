"""An output follows one plan: a new run takes it over only where no finished study is lost from sight."""

from dataclasses import replace

import pytest

from job.audit.current import follow, stored_plan
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


@pytest.mark.parametrize(("held", "found"), [(None, "a"), ("b", "b"), ("c", "a")])
def test_of_several_stored_plans_the_one_that_the_output_follows_is_found(tmp_path, held, found):
    """Or the first of the names, if it follows none of them: a spec with `precision: auto` has several."""
    results = Results(str(tmp_path))
    for name in "abc":
        plan_file.write(results.output, plan(name))
    if held is not None:
        follow(results, plan(held))
    assert stored_plan(results, ["x", plan("a").spec, plan("b").spec]) == plan(found)


def test_no_plan_is_found_where_none_of_the_names_is_stored(tmp_path):
    """The output holds another study."""
    results = Results(str(tmp_path))
    plan_file.write(results.output, plan("a"))
    assert stored_plan(results, ["x"]) is None
