"""The weights that come with the package, and what each is for. Nothing here imports torch: reports ask too.

`training/ship.py` writes the files and `weights.json`, which declares them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
DECLARED = FOLDER / "weights.json"
ADDRESS = "package://job/models/weights/"
DEMO = "demo"
"""Weights that let the job be tried; their scores are no finding."""


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """One file of weights beside this module.

    card: its model card, below the project's root. retired: the hashes that this file had in earlier versions.
    """

    file: str
    sha256: str
    purpose: str
    card: str
    retired: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """Where a spec finds it."""
        return ADDRESS + self.file


@cache
def shipped() -> tuple[Shipped, ...]:
    """Give all that is shipped."""
    declared = json.loads(DECLARED.read_text(encoding="utf-8"))
    return tuple(
        Shipped(file=file, **{**facts, "retired": tuple(facts["retired"])}) for file, facts in declared.items()
    )


def sha256_at(address: str) -> str | None:
    """Give the hash that weights at a packaged address must have; None for any other address."""
    return next((one.sha256 for one in shipped() if one.address == address), None)


def purposes(weights: Mapping[str, str]) -> dict[str, str | None]:
    """Say what each model's weights are for, from sha256 by model; None for what was never shipped.

    So a copied file is still known, and so are results that were made with an earlier version's weights.
    """
    known = {sha256: one.purpose for one in shipped() for sha256 in (one.sha256, *one.retired)}
    return {model: known.get(sha256) for model, sha256 in weights.items()}


def remark(purposes: Mapping[str, str | None]) -> str | None:
    """Give the line that has to stand wherever models with demo weights appear; None if there are none."""
    names = [model for model, purpose in purposes.items() if purpose == DEMO]
    if not names:
        return None
    return f"Demo weights: {', '.join(names)}. They show that the job works; they say nothing about SAM against RITM."
