"""The names of modes and protocols as rows have them, by which a contrast selects them: with a jitter or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticKnownError

from job.study.jitter import MARK, WRITTEN, canonical, split
from job.study.prompts import CLICKS, MODE_NAMES
from job.study.protocols import protocols, usable


def _prompt(name: str) -> str:
    base, jitter = split(name)
    if base not in MODE_NAMES and name != CLICKS:
        raise PydanticKnownError("literal_error", {"expected": " or ".join(map(repr, (*MODE_NAMES, CLICKS)))})
    return _with(base, jitter)


def _protocol(name: str) -> str:
    base, jitter = split(name)
    return _with(usable(base), jitter)


def _with(base: str, jitter: str) -> str:
    return f"{base}{MARK}{canonical(jitter)}" if jitter else base


def _schema(bases: Callable[[], Sequence[str]], alone: Sequence[str] = ()) -> Callable[[dict[str, Any]], None]:
    """Return what lists names in a JSON Schema. bases: those that may have a jitter; alone: those that have none."""

    def extend(schema: dict[str, Any]) -> None:
        names = list(bases())
        jittered = {"pattern": f"^({'|'.join(names)}){MARK}{WRITTEN}$"}
        schema["anyOf"] = [{"enum": [*names, *alone]}, jittered]

    return extend


PromptName = Annotated[str, AfterValidator(_prompt), Field(json_schema_extra=_schema(lambda: MODE_NAMES, (CLICKS,)))]
"""A mode, such as `whole_box` or `whole_box jitter 5 px`, or `clicks`."""
ProtocolName = Annotated[str, AfterValidator(_protocol), Field(json_schema_extra=_schema(lambda: list(protocols())))]
"""A click protocol, such as `ritm` or `ritm jitter 5 px`."""
