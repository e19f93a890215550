"""Marks of chunks that were begun: they stay after a kill, and after nothing else."""

from __future__ import annotations

from pathlib import Path
from threading import Event, Thread

import pytest

from job import storage
from job.results.begun import Marks, forget, listed
from job.results.store import Results


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(str(tmp_path))


def test_a_chunk_that_was_begun_and_not_ended_counts_as_one_attempt(results):
    Marks(results).begin("killed")
    assert Marks(results).attempts("killed") == 1


def test_a_chunk_that_ended_leaves_no_mark(results):
    marks = Marks(results)
    marks.begin("done")
    marks.end("done")
    assert listed(results) == []


def test_a_worker_that_stops_takes_its_marks_back_and_nobody_elses(results):
    Marks(results).begin("killed")
    marks = Marks(results)
    marks.begin("stopped")
    marks.take_back()
    assert [chunk for chunk, _ in listed(results)] == ["killed"]


def test_marks_are_forgotten_by_their_chunks(results):
    """Whoever left them; those of other chunks stay."""
    for chunk in ("killed", "killed", "another"):
        Marks(results).begin(chunk)
    forget(results, {"killed", "unmarked"})
    assert [chunk for chunk, _ in listed(results)] == ["another"]


def test_nothing_is_marked_after_the_worker_stopped(results):
    marks = Marks(results)
    marks.take_back()
    marks.begin("read ahead")
    assert listed(results) == []


def test_a_mark_in_the_making_while_the_worker_stops_is_taken_back(results, monkeypatch):
    """The reader is held in the middle of its write; the worker stops; the write ends."""
    marks, writing, stopped, create = Marks(results), Event(), Event(), storage.create

    def slow(address: str, content: bytes) -> object:
        writing.set()
        assert stopped.wait(10)
        return create(address, content)

    monkeypatch.setattr(storage, "create", slow)
    reader = Thread(target=marks.begin, args=["read ahead"])
    reader.start()
    assert writing.wait(10)
    marks.take_back()
    stopped.set()
    reader.join(10)
    assert listed(results) == []


def test_a_chunk_begun_while_marks_are_taken_back_does_not_disturb_it(results, monkeypatch):
    """A deletion takes its time; the thread that reads ahead begins a chunk meanwhile."""
    marks, delete = Marks(results), storage.delete
    marks.begin("first")
    marks.begin("second")

    def meanwhile(address: str) -> None:
        marks.begin("read ahead")
        delete(address)

    monkeypatch.setattr(storage, "delete", meanwhile)
    marks.take_back()
    assert listed(results) == []
