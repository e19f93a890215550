"""Inputs are read one item ahead of the work, in threads that log as their caller does."""

from concurrent.futures import Executor, Future
from threading import Event

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from job.worker.read_ahead import ReadAhead, threads


class Immediate(Executor):
    """An executor that runs each call as it is submitted."""

    def submit(self, call, /, *arguments):
        future = Future()
        try:
            future.set_result(call(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future


class Reader:
    """Reads an item as its upper case, and remembers what it was asked for. `x` cannot be read at first."""

    def __init__(self):
        self.calls = []

    def __call__(self, item):
        self.calls.append(item)
        if item == "x" and self.calls.count("x") == 1:
            raise OSError("cannot be read now")
        return item.upper()


@pytest.fixture
def reader():
    return Reader()


def test_one_item_is_read_ahead_and_no_more(reader):
    """While one chunk is evaluated, only the next one may occupy memory."""
    calls_at_yield = [(item, "".join(reader.calls)) for item, _ in ReadAhead(Immediate(), reader).items("abcd")]
    assert calls_at_yield == [("a", "ab"), ("b", "abc"), ("c", "abcd"), ("d", "abcd")]


def test_items_come_in_their_order_with_their_content(reader):
    """Each is read once."""
    assert [(item, content()) for item, content in ReadAhead(Immediate(), reader).items("abc")] == [
        ("a", "A"), ("b", "B"), ("c", "C"),
    ]  # fmt: skip
    assert reader.calls == ["a", "b", "c"]


@pytest.mark.parametrize("items", ["", "a"])
def test_a_short_list_is_read_too(reader, items):
    """There may be nothing to read ahead."""
    assert [content() for _, content in ReadAhead(Immediate(), reader).items(items)] == list(items.upper())


def test_a_second_call_reads_again(reader):
    """The samples of a chunk are not kept for an attempt that is seldom needed."""
    ((_, content),) = ReadAhead(Immediate(), reader).items("a")
    assert [content(), content(), content()] == ["A", "A", "A"]
    assert reader.calls == ["a", "a", "a"]


def test_an_error_is_raised_at_the_item_that_it_belongs_to(reader):
    """It does not disturb the items before and after; a second call can succeed."""
    contents = dict(ReadAhead(Immediate(), reader).items("axb"))
    assert contents["a"]() == "A"
    with pytest.raises(OSError, match="cannot be read now"):
        contents["x"]()
    assert contents["x"]() == "X"
    assert contents["b"]() == "B"


def test_threads_log_with_the_context_of_their_caller():
    """Study and shard are in the lines of the reader too."""
    with bound_contextvars(study="s", chunk="c"), threads(1) as pool:
        context = pool.submit(get_contextvars).result()
    assert context.items() >= {"study": "s", "chunk": "c"}.items()


def test_threads_are_not_waited_for():
    """A run that stops at once does not wait for an image of a slow store; what has not begun never begins."""
    began, release = Event(), Event()

    def read_slowly():
        began.set()
        return release.wait(60)

    with threads(1) as pool:
        running, waiting = pool.submit(read_slowly), pool.submit(read_slowly)
        began.wait(60)
    assert running.running()
    assert waiting.cancelled()
    release.set()
    assert running.result(60)
