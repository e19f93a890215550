"""Chunks during which a process was killed come last and alone; after two attempts a run gives them up."""

import pytest

from job import storage
from job.errors import StoreRefusedError
from job.plan.make import make
from job.results import begun
from job.results.begun import Marks
from job.results.store import Results
from job.storage import InputCache
from job.study import load
from job.worker.order import in_order
from job.worker.shutdown import Stopped
from tests.cases import SPEC, write_study


@pytest.fixture
def results(tmp_path):
    return Results(str(tmp_path / "results"))


@pytest.fixture
def chunks(tmp_path):
    """Four chunks of one image."""
    spec = load(write_study(tmp_path, cases=4, text=SPEC.replace("chunk: 4", "chunk: 1")))
    return make(spec, InputCache(tmp_path / "cache", 10**9)).chunks


def killed(results, *chunks):
    """Leave the marks of a worker that was killed while it worked on some chunks."""
    marks = Marks(results)
    for chunk in chunks:
        marks.begin(chunk.name)


def test_without_marks_the_order_is_the_plans(results, chunks):
    """Nothing goes last, nothing is given up."""
    order = in_order(chunks, Marks(results))
    assert (order.first, order.last, order.given_up) == (list(chunks), [], [])


def test_a_chunk_goes_last_after_one_attempt_and_is_given_up_after_two(results, chunks):
    """The chunk that was read ahead beside it at the first death goes last too."""
    killed(results, chunks[0], chunks[1])
    killed(results, chunks[1])
    order = in_order(chunks, Marks(results))
    assert (order.first, order.last, order.given_up) == ([chunks[2], chunks[3]], [chunks[0]], [chunks[1]])


def test_a_chunk_that_ends_leaves_no_mark_of_any_attempt(results, chunks):
    """Nor has its name begun twice left two."""
    killed(results, chunks[0])
    marks = Marks(results)
    marks.begin(chunks[0].name)
    marks.begin(chunks[0].name)
    assert len(begun.listed(results)) == 2
    marks.end(chunks[0].name)
    assert begun.listed(results) == []


@pytest.mark.parametrize("error", [Stopped, KeyboardInterrupt, RuntimeError])
def test_a_run_that_is_stopped_takes_its_own_marks_back(results, chunks, error):
    """Only a process that is killed cannot. The marks that it found stay."""
    killed(results, chunks[0])
    marks = Marks(results)
    marks.begin(chunks[0].name)
    marks.begin(chunks[1].name)
    with pytest.raises(error), in_order(chunks, marks).marked():
        raise error
    assert [chunk for chunk, _ in begun.listed(results)] == [chunks[0].name]


def test_a_run_that_comes_to_its_end_forgets_what_it_gave_up(results, chunks):
    """The next run tries again: someone may have given it more memory. One that is stopped gives it up again."""
    killed(results, chunks[0])
    killed(results, chunks[0])
    with pytest.raises(Stopped), in_order(chunks, Marks(results)).marked():
        raise Stopped
    assert in_order(chunks, Marks(results)).given_up == [chunks[0]]
    with in_order(chunks, Marks(results)).marked():
        pass
    assert in_order(chunks, Marks(results)).first == list(chunks)


def test_where_nothing_may_be_deleted_a_mark_is_emptied(results, chunks, monkeypatch):
    """A role may be allowed to write but not to delete. An empty mark does not count."""

    def refuse(address):
        raise StoreRefusedError(f"{address}: access denied")

    monkeypatch.setattr(storage, "delete", refuse)
    marks = Marks(results)
    marks.begin(chunks[0].name)
    marks.end(chunks[0].name)
    assert Marks(results).attempts(chunks[0].name) == 0
