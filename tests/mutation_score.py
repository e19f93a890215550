"""Print the mutation score of each room from what `make mutate` left in mutants/; fail below a floor.

    python tests/mutation_score.py 85

A mutant is a small break made by the mutation tester; it is killed if a test fails. A time-out is no kill.
"""

import json
import sys
from collections import Counter, defaultdict
from pathlib import Path

OUTCOMES = {0: "survived", 1: "killed", 3: "killed", 33: "no test"}
"""mutmut's exit codes of a mutant; all others are time-outs and crashes."""
MOST_TIMED_OUT = 0.02
"""Share of mutants above which the run itself is at fault: locked workers time out."""


def scores(folder: Path) -> dict[str, Counter[str]]:
    """Count the outcomes of each room's mutants. Mutants that were not run are left out."""
    rooms: dict[str, Counter[str]] = defaultdict(Counter)
    for meta in folder.rglob("*.meta"):
        room = meta.relative_to(folder).parts[0]
        for code in json.loads(meta.read_text())["exit_code_by_key"].values():
            if code is not None:
                rooms[room][OUTCOMES.get(code, "timed out")] += 1
    return rooms


def main(floor: float) -> bool:
    """Print the table; return whether the score reaches the floor."""
    rooms = scores(Path("mutants/job"))
    total = sum(rooms.values(), Counter())
    for room, counts in [*sorted(rooms.items()), ("all", total)]:
        share = 100 * counts["killed"] / max(counts.total(), 1)
        print(f"{room:12} {counts.total():5} mutants  {share:5.1f} % killed  {dict(counts)}")
    reached = 100 * total["killed"] >= floor * total.total()
    return bool(total) and reached and total["timed out"] <= MOST_TIMED_OUT * total.total()


if __name__ == "__main__":
    sys.exit(not main(float(sys.argv[1])))
