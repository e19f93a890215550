"""A worker alone plans from the inputs as they are; shards keep to the plan of the first of them."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

from job.plan import file as plan_file
from job.plan import settle as settling
from job.plan.make import make
from job.plan.settle import settle
from job.storage import InputCache
from job.study import load
from tests.cases import SPEC, draw_case, write_study


class Case:
    """A study of two images, each of which is a chunk, and its output."""

    def __init__(self, folder):
        self.folder = folder
        self.spec = load(write_study(folder, cases=2, text=SPEC.replace("chunk: 4", "chunk: 1")))
        self.output = str(folder / "results")
        self.cache = InputCache(folder / "cache", 10**9)

    def settle(self, *, shared=False, limit=None):
        return settle(self.spec, self.output, self.cache, limit, shared=shared)

    def make(self, limit=None):
        return make(self.spec, self.cache, limit)

    def stored(self):
        return plan_file.read_all(self.output)

    def add_image(self):
        """Add an image that comes first, so that a limited run uses it too."""
        draw_case(self.folder / "data", "added.png", seed=9)


def changes(logs):
    """Return the log lines that are about a change, not about what was listed."""
    return [line for line in logs if line["event"] != "listed"]


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


@pytest.fixture
def forbid(monkeypatch):
    """Make a call of a function of the plan file, or of `make`, fail the test."""

    def forbid(*names):
        for name in names:
            module = settling if name == "make" else plan_file
            monkeypatch.setattr(module, name, lambda *_, name=name: pytest.fail(f"{name} was called"))

    return forbid


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "shard"])
def test_the_first_worker_makes_and_stores_the_plan(case, shared):
    """It is the same plan, whether there are shards or not."""
    plan = case.settle(shared=shared)
    assert plan == case.make()
    assert case.stored() == [plan]


def test_a_worker_alone_does_not_store_an_unchanged_plan_again(case, forbid):
    """The file keeps its time of change."""
    first = case.settle()
    forbid("write", "create")
    with capture_logs() as logs:
        assert case.settle() == first
    assert changes(logs) == []


def test_a_worker_alone_replaces_the_plan_when_inputs_changed(case):
    """The log counts the new parts."""
    before = case.settle()
    case.add_image()
    with capture_logs() as logs:
        after = case.settle()
    assert after == case.make() != before
    assert case.stored() == [after]
    assert [(line["event"], line["new_parts"]) for line in changes(logs)] == [("inputs changed since the last plan", 1)]


def test_a_removed_image_replaces_the_plan_too(case):
    """There is no new part to log."""
    before = case.settle()
    Path(case.folder / "data/images/case1.png").unlink()
    with capture_logs() as logs:
        after = case.settle()
    assert case.stored() == [after]
    assert set(after.parts) < set(before.parts)
    assert changes(logs) == []


def test_a_second_shard_keeps_to_the_stored_plan(case, forbid):
    """It neither lists inputs nor hashes weights, even if inputs changed meanwhile."""
    first = case.settle(shared=True)
    case.add_image()
    forbid("make", "write", "create")
    assert case.settle(shared=True) == first


def test_a_second_shard_of_a_limited_run_keeps_to_its_plan(case, forbid):
    """Not to that of the full run, nor does it make one."""
    case.settle(shared=True)
    limited = case.settle(shared=True, limit=1)
    forbid("make", "write", "create")
    assert case.settle(shared=True, limit=1) == limited
    assert [chunk.raw for chunk in limited.chunks] == [1]


@pytest.mark.parametrize("limit", [None, 1])
def test_a_shard_that_loses_the_race_takes_the_plan_of_the_winner(case, monkeypatch, limit):
    """Here the other shard stores its plan, of other inputs, while this one makes its own."""
    winner = case.make(limit)

    def make_slowly(*arguments):
        assert plan_file.create(case.output, winner)
        case.add_image()
        return make(*arguments)

    monkeypatch.setattr(settling, "make", make_slowly)
    assert case.settle(shared=True, limit=limit) == winner
    assert case.stored() == [winner]
    assert case.make(limit) != winner


def test_a_limited_run_has_a_plan_beside_the_full_one(case):
    """Neither replaces the other."""
    full, limited = case.settle(), case.settle(limit=1)
    assert [chunk.raw for chunk in limited.chunks] == [1]
    assert (full.limit, limited.limit) == (None, 1)
    assert full.spec != limited.spec
    assert {plan.spec for plan in case.stored()} == {full.spec, limited.spec}
