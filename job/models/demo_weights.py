"""The weights that are shipped with the package, and their purpose. Imports no torch.

`training/ship.py` writes the files in `weights/`, and `weights/weights.json`, which declares them.
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
"""The purpose of weights that are only for trying the job; their scores are not a finding."""


@dataclass(frozen=True, kw_only=True)
class ShippedWeights:
    """One file of weights in `FOLDER`.

    card: path of its model card, below the project's root. retired: sha256 of the file in earlier versions.
    """

    file: str
    sha256: str
    purpose: str
    card: str
    retired: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The file's address, as a spec writes it."""
        return ADDRESS + self.file


@cache
def shipped_weights() -> tuple[ShippedWeights, ...]:
    """Return all shipped files of weights."""
    declared = json.loads(DECLARED.read_text(encoding="utf-8"))
    return tuple(
        ShippedWeights(file=file, **facts | {"retired": tuple(facts["retired"])}) for file, facts in declared.items()
    )


def sha256_at(address: str) -> str | None:
    """Return the sha256 that shipped weights at an address must have; None for any other address."""
    return next((weights.sha256 for weights in shipped_weights() if weights.address == address), None)


def purpose_of(sha256: str) -> str | None:
    """Return the purpose of weights by their sha256; None for weights that were never shipped.

    Copies at other addresses, and the weights of earlier versions, are recognised too.
    """
    for weights in shipped_weights():
        if sha256 in (weights.sha256, *weights.retired):
            return weights.purpose
    return None
