"""The scripts of Vega, as one: made in a process of its own, which may die where memory is short."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from multiprocessing import get_context
from multiprocessing.connection import Connection

from job.errors import JobError

SNIPPET = "window.vegaEmbed = vegaEmbed;"
"""What is done with the libraries once they are loaded."""


def bundle_name() -> str:
    """Return the name of a file with the bundle: another one where the bundle is another."""
    made_of = f"{version('vl-convert-python')}\n{SNIPPET}"
    return f"vega-{hashlib.sha256(made_of.encode()).hexdigest()[:16]}.js"


@cache
def bundle() -> str:
    """Return Vega, Vega-Lite and what embeds them in a page. The library needs seconds to put them together.

    Raise JobError if it dies of it.
    """
    return made_apart(_make)


def made_apart(make: Callable[[], str]) -> str:
    """Return what a function returns in a process of its own. Raise JobError if the process dies.

    An engine of JavaScript ends its process where it gets no memory, and a run must not end so.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sender, make))
    process.start()
    sender.close()
    try:
        return str(receiver.recv())
    except EOFError:
        process.join()
        raise JobError(f"the scripts of the page were not made: their process died ({process.exitcode})") from None
    finally:
        process.join()


def _send(sender: Connection, make: Callable[[], str]) -> None:
    sender.send(make())


def _make() -> str:
    import vl_convert  # starts an engine of JavaScript when it is first used

    return str(vl_convert.javascript_bundle(SNIPPET))
