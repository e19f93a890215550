"""How values become uint8, as a spec states it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from job.study.strict import Strict

WindowName = Literal["abdomen", "bone", "brain", "liver", "lung", "mediastinum"]
WINDOWS: Mapping[str, tuple[float, float]] = {
    "abdomen": (40, 400),
    "bone": (400, 1800),
    "brain": (40, 80),
    "liver": (30, 150),
    "lung": (-600, 1500),
    "mediastinum": (50, 350),
}
"""Centre and width in Hounsfield units: the usual windows of radiology (Radiopaedia, Windowing (CT))."""
HEADER = "header"
"""The window that the file itself recommends."""
RULES = ("scale", "percentiles", "window", "suv")

Pair = Annotated[tuple[float, float], Field(strict=False)]


class Intensity(Strict):
    """How values become uint8: exactly one of `scale`, `percentiles`, `window`, `suv`."""

    scale: Literal["max", "minmax"] | None = None
    """`max`: 0 to 0, maximum to 255, as published; negative values are refused. `minmax`: minimum to 0."""
    percentiles: Pair | None = None
    """The lower and upper percentiles, which become 0 and 255, such as [0.5, 99.5]."""
    window: Pair | WindowName | Literal["header"] | None = None
    """Centre and width, in the units of the file (Hounsfield units for CT); or the name of a usual window of CT; or
    `header`, the window that a DICOM file recommends."""
    suv: Pair | None = None
    """The standardised uptake values that become 0 and 255, such as [0, 10]. DICOM PET is converted by its header (SUV
    by body weight); values of other files must be SUV already."""
    per: Literal["slice", "volume"] = "slice"
    """Whether the rule is applied to each slice or to the whole volume."""

    @model_validator(mode="after")
    def _one_rule(self) -> Intensity:
        if sum(getattr(self, name) is not None for name in RULES) != 1:
            raise PydanticCustomError("one_rule", f"expected exactly one of {', '.join(RULES)}")
        if self.percentiles and not 0 <= self.percentiles[0] < self.percentiles[1] <= 100:
            raise PydanticCustomError("percentiles", "expected two percentiles, 0 <= lower < upper <= 100")
        if isinstance(self.window, tuple) and self.window[1] <= 0:
            raise PydanticCustomError("window", "expected [centre, width] with a width above 0")
        if self.suv and self.suv[0] >= self.suv[1]:
            raise PydanticCustomError("suv", "expected [lower, upper] with lower < upper")
        return self

    @property
    def centre_and_width(self) -> tuple[float, float] | None:
        """The window in numbers; None for another rule, and for the window of a header."""
        if self.suv:
            return (self.suv[0] + self.suv[1]) / 2, self.suv[1] - self.suv[0]
        return self.window if isinstance(self.window, tuple) else WINDOWS.get(self.window or "")

    @property
    def label(self) -> str:
        """The rule as stored in the rows, such as `window(40,400)/slice`."""
        if self.scale:
            return f"{self.scale}/{self.per}"
        if self.window == HEADER:
            return f"window({HEADER})/{self.per}"
        name = next(name for name in RULES if getattr(self, name) is not None)
        pair = self.percentiles or self.suv or self.centre_and_width or ()
        return f"{name}({','.join(_exact(value) for value in pair)})/{self.per}"


def joined_label(labels: Sequence[str]) -> str:
    """Return the rules of an image as stored in the rows: one, or `rgb(…, …, …)` of three channels."""
    return labels[0] if len(labels) == 1 else f"rgb({', '.join(labels)})"


def _exact(value: float) -> str:
    """Format a number in six digits, or more if needed to be exact, because the names of chunks depend on it."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value).removesuffix(".0")
