"""Print the part of a lock file that an image needs: `python subset.py LOCK [--without NAME …] [--files-only NAME …]`.

A package stays if the project, or a package that stays, requires it: uv's comments `# via` tell. Needs no package.

--without: packages that leave, and with them what only they require.
--files-only: packages of which the program reads files and imports no code, so that what they require is not needed.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from pathlib import Path

PROJECT = "medsam-job"


def entries(lock: str) -> dict[str, str]:
    """Return the text of each package's entry by the package's name."""
    texts = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)
    return {re.split(r"[=\[; ]", text, maxsplit=1)[0]: text for text in texts if "==" in text}


def required_by(entry: str) -> set[str]:
    """Return the names in an entry's comment `# via`, which may have one line or several."""
    comments = [line.strip("# \n") for line in entry.splitlines() if line.lstrip().startswith("#")]
    words = (comment.removeprefix("via").split() for comment in comments)
    return {name[0] for name in words if name}


def subset(lock: str, without: Collection[str] = (), files_only: Collection[str] = ()) -> dict[str, str]:
    """Return the entries that stay. Raise ValueError if a name to leave out is not in the lock file."""
    all_entries = entries(lock)
    unknown = {*without, *files_only} - all_entries.keys()
    if unknown:
        raise ValueError(f"not in the lock file: {', '.join(sorted(unknown))}")
    requirers = {name: required_by(text) for name, text in all_entries.items()}
    staying: set[str] = set()
    while True:
        counted = {PROJECT, *staying} - set(files_only)
        added = {name for name, by in requirers.items() if by & counted} - staying - set(without)
        if not added:
            return {name: text for name, text in all_entries.items() if name in staying}
        staying |= added


def main() -> None:
    """Print the entries that stay, as a lock file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lock", type=Path)
    parser.add_argument("--without", nargs="*", default=[])
    parser.add_argument("--files-only", nargs="*", default=[])
    options = parser.parse_args()
    print("".join(subset(options.lock.read_text(), options.without, options.files_only).values()), end="")


if __name__ == "__main__":
    main()
