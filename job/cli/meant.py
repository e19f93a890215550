"""What was meant by words that are no command, no spec or no output: a suggestion, where there is one."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

SPEC_ENDINGS = (".yaml", ".yml")
GROUP_WORDS = {"help": "--help", "version": "--version", "usage": "--help"}
QUERY = re.compile(r"\s*(--|/\*|(select|with|from|where|describe|show)\s)", re.IGNORECASE)


def instead_of_command(words: Sequence[str], commands: Sequence[str]) -> str | None:
    """Return the message for words that begin with neither a command nor a spec; None if the first may be a spec."""
    word, rest = words[0], list(words[1:])
    if word.startswith("-"):
        return None
    if "://" in word or exists(word):
        return _command_last(word, rest, commands)
    if word in GROUP_WORDS:
        return f"{word}: not a command; did you mean `medsam-job {GROUP_WORDS[word]}`?"
    similar = difflib.get_close_matches(word.lower(), commands, n=1)
    if similar:
        meant = shlex.join(["medsam-job", similar[0], *rest])
        return f"{word}: neither a command nor a file; did you mean `{meant}`?"
    if "/" in word or "." in word or spec_like(word):
        return None
    return f"{word}: neither a command nor a file; expected a spec, or one of the commands {', '.join(commands)}"


def _command_last(word: str, rest: Sequence[str], commands: Sequence[str]) -> str | None:
    """Return the message for a spec or an output with a command after it."""
    if rest and rest[0] in commands and not exists(rest[0]):
        meant = shlex.join(["medsam-job", rest[0], word, *rest[1:]])
        return f"{rest[0]}: the command stands before what it is for: `{meant}`"
    return None


def spec_like(address: str) -> str | None:
    """Return the spec here, in specs/ or beside a missing one whose name is most like it."""
    path = Path(address)
    folders = dict.fromkeys((Path(), Path("specs"), path.parent))
    found = [file for folder in folders for file in entries(folder)]
    specs = {file.stem: file for file in reversed(found) if file.suffix in SPEC_ENDINGS}
    similar = difflib.get_close_matches(path.stem, specs, n=1)
    return str(specs[similar[0]]) if similar else None


def instead_of_folder(folder: str) -> str:
    """Return the message for a folder without results where a spec was expected."""
    specs = [file for file in entries(folder) if file.suffix in SPEC_ENDINGS]
    which = f"one of its specs, such as {specs[0]}" if specs else "the YAML file of a study"
    return f"{folder}: a folder; expected {which}"


def is_query(text: str) -> bool:
    """Return whether a text is a query, and no address."""
    return QUERY.match(text) is not None


def exists(path: str | Path) -> bool:
    """Return whether a file or folder is there. A text that no file can have as its name is none."""
    try:
        return Path(path).exists()
    except OSError:
        return False


def entries(folder: str | Path) -> list[Path]:
    """Return the files and folders in a folder, sorted; none if it is no folder, or cannot be listed."""
    try:
        return sorted(Path(folder).iterdir())
    except (OSError, ValueError):
        return []
