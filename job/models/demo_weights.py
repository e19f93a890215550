"""The weights that come with the package, and their purposes. Imports no torch.

`training/ship.py` writes the files in `weights/` and `weights/weights.json`, which declares them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
DECLARED = FOLDER / "weights.json"
ADDRESS = "package://job/models/weights/"
DEMO = "demo"
"""The purpose of weights that let the job be tried; their scores are no finding."""


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One file of weights in `FOLDER`.

    card: its model card, below the project's root. retired: the hashes that this file had in earlier versions.
    """

    file: str
    sha256: str
    purpose: str
    card: str
    retired: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The address by which a spec names it."""
        return ADDRESS + self.file


@cache
def shipped() -> tuple[Shipped, ...]:
    """Return all files of weights that are shipped."""
    declared = json.loads(DECLARED.read_text(encoding="utf-8"))
    return tuple(
        Shipped(file=file, **{**facts, "retired": tuple(facts["retired"])}) for file, facts in declared.items()
    )


def sha256_at(address: str) -> str | None:
    """Return the hash that shipped weights at an address must have; None for any other address."""
    return next((weights.sha256 for weights in shipped() if weights.address == address), None)


def purpose_of(sha256: str) -> str | None:
    """Return the purpose of weights, by their hash; None for weights that were never shipped.

    So a copy of the file is recognised too, and so are the weights of earlier versions.
    """
    known = {hash_: weights.purpose for weights in shipped() for hash_ in (weights.sha256, *weights.retired)}
    return known.get(sha256)
