"""Print the names of some mutants of each room, those whose names have the lowest hash, so that anyone draws the same.

    python tests/mutation_sample.py 250

A score of all mutants takes hours; one of 250 mutants of a room is within 5 % of that of the room.
"""

import json
import sys
from collections import defaultdict
from hashlib import sha256
from pathlib import Path


def sampled(folder: Path, count: int) -> list[str]:
    """Return at most `count` names of each room, from what mutmut has generated in a folder."""
    rooms: dict[str, list[str]] = defaultdict(list)
    for meta in folder.rglob("*.meta"):
        rooms[meta.relative_to(folder).parts[0]] += json.loads(meta.read_text())["exit_code_by_key"]
    by_hash = (sorted(names, key=lambda name: sha256(name.encode()).digest()) for names in rooms.values())
    return [name for names in by_hash for name in names[:count]]


if __name__ == "__main__":
    print("\n".join(sampled(Path("mutants/job"), int(sys.argv[1]))))
