"""Doubts about a file: what its header or its values leave unsure, for the ledger to state as warnings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """A reason to mistrust values that could be read. detail: what was found, and the way out."""

    reason: str
    detail: str
