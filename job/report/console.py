"""Where commands print for people: no text of a name or file changes colours, moves the cursor or becomes a picture."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook, RenderResult
from rich.segment import Segment

from job.errors import printable


@dataclass(frozen=True)
class _Printable:
    """A renderable whose characters can all be printed. Rich's own colours are no part of the text, and stay."""

    renderable: RenderableType

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


class _AllPrintable(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printable(renderable) for renderable in renderables]


def open_console(width: int | None = None) -> Console:
    """Return a console on standard output. width: None for that of the terminal, or 80 without one."""
    console = Console(markup=False, emoji=False, highlight=False, width=width)
    console.push_render_hook(_AllPrintable())
    return console


def print_lines(lines: Iterable[str]) -> None:
    """Print lines as they are, however long, so that a terminal wraps them and a program reads each whole."""
    console = open_console()
    for line in lines:
        console.print(line, soft_wrap=True)
