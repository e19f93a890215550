"""Model cards: Markdown written by hand, except for the blocks that a program fills in."""

from __future__ import annotations

from pathlib import Path

OPEN, CLOSE = "<!-- {name}: written by {program} -->", "<!-- end of {name} -->"


def fill(card: Path, name: str, program: str, text: str) -> None:
    """Replace the text between the two lines that mark a block. Raise ValueError if the card lacks these lines."""
    start, end = OPEN.format(name=name, program=program), CLOSE.format(name=name)
    before, opened, rest = card.read_text(encoding="utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not opened or not closed:
        raise ValueError(f"{card}: expected the lines {start!r} and {end!r} around the block")
    card.write_text(f"{before}{start}\n\n{text.strip()}\n\n{end}{after}", encoding="utf-8")
