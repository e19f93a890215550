"""Units are loaded by several threads, in order, and as if they were loaded one by one."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from types import SimpleNamespace

import numpy as np
import pytest

from job import memory
from job.datasets import fit
from job.datasets.load import Loaded
from job.errors import MemoryShortageError, StorageError, StoreRefusedError
from job.worker.side_by_side import Readers, SideBySide

ROOM = 1 << 30


@pytest.fixture
def readers():
    """Three threads."""
    with ThreadPoolExecutor(3) as pool:
        yield Readers(pool=pool, count=3)


def content(unit):
    """The content of a unit: one sample of 100 bytes, which stands for the unit."""
    return Loaded(samples=[SimpleNamespace(image=unit, image_HWC=np.zeros(100, np.uint8), objects=())])


def taken(reading, units, room=ROOM):
    return [reading.take(room).samples[0].image for _ in units]


def test_units_are_loaded_at_a_time_and_returned_in_order(readers):
    """Three threads meet at the barrier, so three units are loaded at a time; the bound keeps a fourth back."""
    barrier = Barrier(3, timeout=10)

    def load(unit):
        barrier.wait()
        return content(unit)

    with SideBySide(load, "abcdef", readers) as reading:
        assert taken(reading, "abcdef") == list("abcdef")


def test_without_threads_units_are_loaded_as_they_are_taken():
    """One by one, each when its turn comes."""
    loaded = []
    with SideBySide(lambda unit: loaded.append(unit) or content(unit), "abc", None) as reading:
        reading.take(ROOM)
        assert loaded == ["a"]


@pytest.mark.parametrize("error", [StorageError("gone"), MemoryShortageError("full"), MemoryError()])
def test_what_fails_beside_others_is_loaded_again_alone(error, readers):
    """When it then succeeds, nothing is lost; and the units after it are loaded alone too."""
    lock, running, calls, most = Lock(), Counter(), Counter(), Counter()

    def load(unit):
        with lock:
            calls[unit] += 1
            running["now"] += 1
            most[unit] = max(most[unit], running["now"])
            fails = unit == "b" and calls[unit] == 1
        try:
            if fails:
                raise error
            return content(unit)
        finally:
            with lock:
                running["now"] -= 1

    with SideBySide(load, "abcdef", readers) as reading:
        assert taken(reading, "abcdef") == list("abcdef")
    assert calls["b"] == 2
    assert most["e"] == most["f"] == 1


def test_what_fails_alone_too_raises_its_error(readers):
    """The unit counts as taken: the next call returns the one after it."""

    def load(unit):
        if unit == "a":
            raise StorageError("gone")
        return content(unit)

    with SideBySide(load, "abc", readers) as reading:
        with pytest.raises(StorageError, match="gone"):
            reading.take(ROOM)
        assert taken(reading, "bc") == ["b", "c"]


def test_a_refusal_is_raised_at_once(readers):
    """The store would refuse again."""
    calls = Counter()

    def load(unit):
        calls[unit] += 1
        raise StoreRefusedError("access denied")

    with pytest.raises(StoreRefusedError), SideBySide(load, "abc", readers) as reading:
        reading.take(ROOM)
    assert calls["a"] == 1


def test_no_more_is_loaded_ahead_than_there_is_room_for(readers):
    """By the largest unit so far, which has 100 bytes here."""
    calls = []
    with SideBySide(lambda unit: calls.append(unit) or content(unit), "abcdefghi", readers) as reading:
        reading.take(ROOM)  # and two more are ahead
        taken(reading, "bc", room=150)
        assert sorted(calls) == list("abc")
        reading.take(150)
        assert sorted(calls) == list("abcd")


def test_threads_beside_each_other_reserve_what_their_checks_ask_for(monkeypatch):
    """So that two of them do not take the same free memory; alone, a thread reserves nothing."""
    monkeypatch.setattr(memory, "fits", lambda needed: True)
    before = memory.available()
    monkeypatch.setattr(memory, "_groups", lambda root: iter([before]))
    monkeypatch.setattr(memory, "_machine", lambda root: iter(()))
    monkeypatch.setattr(memory, "_limits", lambda root: iter(()))
    with fit.beside_others():
        fit.check_picture(8192, 8192, 3, 1)
        assert memory.available() == before - 8192 * 8192 * 12
    assert memory.available() == before
    fit.check_picture(8192, 8192, 3, 1)
    assert memory.available() == before
