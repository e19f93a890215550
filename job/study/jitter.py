"""How far prompts are moved at random: `5 px`, or `10 %` of the object's box."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

WRITTEN = r"([0-9]+(?:\.[0-9]+)?) ?(px|%)"
MOST = {"px": 1000, "%": 100}
MARK = " jitter "
"""Between the name of a mode or protocol and its jitter, in the rows."""


class Jitter(NamedTuple):
    """The most that each edge of a box, and each coordinate of a point, is moved.

    unit: `px`, or `%` of the sides of the box; for a point, of the tight box of its object.
    """

    amount: float
    unit: Literal["px", "%"]

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}"

    def most(self, side: int) -> int:
        """Return the most that a coordinate is moved, in px. side: of the box along it, in px."""
        return int(self.amount if self.unit == "px" else side * self.amount / 100 + 0.5)


def jitter_of(text: str) -> Jitter:
    """Return the jitter that a text states. Raise ValueError with what was expected."""
    match = re.fullmatch(WRITTEN, text.strip())
    if match is None:
        raise ValueError("expected pixels such as `5 px`, or a share of the object's box such as `10 %`")
    amount, unit = float(match[1]), "px" if match[2] == "px" else "%"
    if not 0 < amount <= MOST[unit]:
        raise ValueError(f"expected more than 0 and at most {MOST[unit]} {unit}")
    if unit == "px" and amount % 1:
        raise ValueError("expected whole pixels")
    return Jitter(amount, "px" if unit == "px" else "%")


def named(name: str, jitter: Jitter | None) -> str:
    """Return what a mode or protocol is called in the rows."""
    return name if jitter is None else f"{name}{MARK}{jitter}"


def split(name: str) -> tuple[str, str]:
    """Return the name of a mode or protocol without its jitter, and the jitter; "" if it has none."""
    base, _, jitter = name.partition(MARK)
    return base, jitter


def canonical(value: Any) -> str:
    """Return the one spelling of a jitter. Raise pydantic's error with what was expected."""
    try:
        return str(jitter_of(str(value)))
    except ValueError as error:
        raise PydanticCustomError("jitter", "{reason}", {"reason": str(error)}) from None


JitterText = Annotated[str, BeforeValidator(canonical), Field(json_schema_extra={"pattern": f"^{WRITTEN}$"})]
"""A jitter as a spec states it, in one spelling."""
