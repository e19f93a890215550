"""The names of modes and protocols as rows have them, by which a contrast selects them: with a jitter or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from job.study.entry_points import Group, unknown
from job.study.jitter import MARK, WRITTEN, canonical, split
from job.study.modes import MODES
from job.study.prompts import CLICKS
from job.study.protocols import PROTOCOLS


def _prompt(name: str) -> str:
    base, jitter = split(name)
    if name == CLICKS:
        return name
    if base not in MODES.all():
        raise unknown((*MODES.all(), CLICKS))
    return _with(MODES.usable(base), jitter)


def _protocol(name: str) -> str:
    base, jitter = split(name)
    return _with(PROTOCOLS.usable(base), jitter)


def _with(base: str, jitter: str) -> str:
    return f"{base}{MARK}{canonical(jitter)}" if jitter else base


def _schema(group: Group, alone: Sequence[str] = ()) -> Callable[[dict[str, Any]], None]:
    """Return what lists names in a JSON Schema. group: of those that may have a jitter; alone: those that have none."""

    def extend(schema: dict[str, Any]) -> None:
        names = list(group.all())
        jittered = {"pattern": f"^({'|'.join(names)}){MARK}{WRITTEN}$"}
        schema["anyOf"] = [{"enum": [*names, *alone]}, jittered]

    return extend


PromptName = Annotated[str, AfterValidator(_prompt), Field(json_schema_extra=_schema(MODES, (CLICKS,)))]
"""A mode, such as `whole_box` or `whole_box jitter 5 px`, or `clicks`."""
ProtocolName = Annotated[str, AfterValidator(_protocol), Field(json_schema_extra=_schema(PROTOCOLS))]
"""A click protocol, such as `ritm` or `ritm jitter 5 px`."""
