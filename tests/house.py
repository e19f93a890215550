"""The rooms of `job/` and the imports between them, read from the source: python -m tests.house > docs/house.md.

A room is a folder of `job/`, or a module beside the folders. An arrow is one room that imports another.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
JOB = ROOT / "job"
MODULES = sorted(JOB.rglob("*.py"))

# The design, from the top floor down. A room imports from lower floors alone.
FLOORS = [
    ["__main__"],
    ["cli"],
    ["worker", "report", "testing"],
    ["evaluate", "statistics", "audit"],
    ["plan", "results"],
    ["models", "datasets"],
    ["storage", "prompts", "metrics"],
    ["study"],
    ["errors", "memory"],
]
FLOOR_OF = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def room_of(path: Path) -> str:
    """Return the room of a module: `job/models/sam.py` is in models; `job/__init__.py` is the face of the house."""
    return path.relative_to(JOB).parts[0].removesuffix(".py")


def imported_names(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms() -> set[str]:
    """Return all rooms."""
    return {room_of(path) for path in MODULES} - {"__init__"}


def arrows() -> set[tuple[str, str]]:
    """Return the pairs (room, imported room)."""
    known = rooms()
    pairs = {
        (room_of(path), name.split(".")[1])
        for path in MODULES
        for name in imported_names(path)
        if name.startswith("job.")
    }
    return {(source, target) for source, target in pairs if target in known and source not in (target, "__init__")}


def page() -> str:
    """Return docs/house.md."""
    pairs = arrows()
    lines = [
        "# The house",
        "",
        f"{len(rooms())} rooms and {len(pairs)} imports between them, the top floor first. A room imports only from",
        "lower floors; `tests/test_house.py` holds it to that. This page: `python -m tests.house > docs/house.md`.",
        "",
        "| floor | room | what it is for | imports |",
        "|---|---|---|---|",
    ]
    for level, names in enumerate(FLOORS):
        for name in names:
            targets = sorted((target for source, target in pairs if source == name), key=lambda t: (FLOOR_OF[t], t))
            lines.append(f"| {len(FLOORS) - level} | `{name}` | {_purpose(name)} | {', '.join(targets) or '–'} |")
    return "\n".join(lines) + "\n"


def _purpose(room: str) -> str:
    """Return the first sentence of a room's docstring."""
    folder = JOB / room / "__init__.py"
    text = ast.get_docstring(ast.parse((folder if folder.exists() else JOB / f"{room}.py").read_text())) or ""
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")
