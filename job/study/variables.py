"""`${NAME}` and `${NAME:-default}` in a spec: which environment variables it may read, and what takes their place.

A spec may come from anyone, and its values are sent to stores and kept with the results. It therefore reads only the
variables that are meant for specs, never those that hold the credentials of the machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from job.study.yaml_source import shorten

READABLE = ("DATA", "WEIGHTS", "RESULTS")
PREFIXES = ("MEDSAM_", "STUDY_")
MORE = "MEDSAM_JOB_SPEC_VARS"
"""The environment variable that names further ones, separated by commas or spaces."""

PLACEHOLDER = re.compile(r"\$\{(?P<body>[^}]*)\}?|\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)")
BODY = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?P<default>:-[^{]*)?")
FORM = "expected a variable as ${NAME} or ${NAME:-default}, the default without braces"
WAY_OUT = (
    f"use {', '.join(READABLE)} or a name that begins with {' or '.join(PREFIXES)}, or add the name to {MORE} in the "
    "environment"
)


@dataclass(frozen=True)
class Expanded:
    """A text with its variables expanded. faults: pairs (expected, hint). unset: variables that have no value."""

    text: str
    faults: tuple[tuple[str, str | None], ...]
    unset: tuple[str, ...]


def expand(text: str, environment: Mapping[str, str]) -> Expanded:
    """Replace the variables of a text. One that is refused or has no value becomes an empty text.

    A default takes the place of a variable that is unset or empty. Without a default, both are `unset`: an empty
    `${DATA}` would turn `${DATA}/images` into a folder at the root of the file system.
    """
    faults: list[tuple[str, str | None]] = []
    unset: list[str] = []

    def replacement(match: re.Match[str]) -> str:
        if match["bare"]:
            if may_read(match["bare"], environment):
                faults.append((FORM, f"write ${{{match['bare']}}} for ${match['bare']}"))
            return match[0]
        body = BODY.fullmatch(match["body"]) if match[0].endswith("}") else None
        if body is None:
            faults.append((FORM, None))
            return ""
        name, default = body["name"], body["default"]
        if not may_read(name, environment):
            faults.append((f"a spec may not read the variable {shorten(name)}", WAY_OUT))
            return ""
        value = environment.get(name) or (default or "").removeprefix(":-")
        if not value and default is None:
            unset.append(name)
        return value

    return Expanded(PLACEHOLDER.sub(replacement, text), tuple(faults), tuple(unset))


def may_read(name: str, environment: Mapping[str, str]) -> bool:
    """Return whether a spec may read an environment variable."""
    named = re.split(r"[,\s]+", environment.get(MORE, ""))
    return name in READABLE or name.startswith(PREFIXES) or name in named
