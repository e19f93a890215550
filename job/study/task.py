"""One task of a data set: which pixels of a mask are its object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from job.study.files import Masks
from job.study.strict import Strict

LabelName = Annotated[str, Field(min_length=1, max_length=200)]
Label = int | LabelName | Annotated[tuple[int | LabelName, ...], Field(min_length=1, strict=False)]
ANY = "any"
"""The label that stands for all values above 0, or for all segments."""

Level = Annotated[int, Field(ge=0, le=255)]
Colour = Annotated[tuple[Level, Level, Level], Field(strict=False)]


def _as_list(value: Any) -> Any:
    """Return one colour as a list of one."""
    return [value] if isinstance(value, list | tuple) and value and isinstance(value[0], int) else value


Colours = Annotated[
    tuple[Colour, ...], Field(min_length=1, strict=False), BeforeValidator(_as_list, Colour | list[Colour])
]


class Task(Strict):
    """One object class. Short forms: a label, a list of them, or `any`."""

    label: Label | None = None
    """The labels of the object: values of a map, names that `label_names` lists, numbers or names of segments; `any`:
    all values above 0, or all segments."""
    above: float | None = None
    """Instead of `label`: the object is where the mask is above this threshold."""
    colour: Colours | None = None
    """Instead of `label`, for masks in colour: the object's colour as [red, green, blue], or a list of them."""
    masks: Masks | None = None
    """The mask files of this task, instead of the data set's `masks`. `{image}` is the image itself."""
    tolerance_mm: Annotated[float, Field(gt=0)] = 2.0
    """The distance within which NSD takes two boundaries for one, in mm; in pixels where no spacing is known."""

    @property
    def rule(self) -> Literal["label", "above", "colour"]:
        """The key that states the object."""
        return "colour" if self.colour is not None else "label" if self.label is not None else "above"

    @property
    def labels(self) -> tuple[int | str, ...]:
        """The labels that make up the object; none for `any`, a threshold and colours."""
        if self.label is None or self.label == ANY:
            return ()
        return self.label if isinstance(self.label, tuple) else (self.label,)

    @property
    def label_values(self) -> tuple[int, ...]:
        """Those of its labels that are values of a map; of colours, each as one number."""
        if self.colour is not None:
            return tuple(colour_value(*colour) for colour in self.colour)
        return tuple(label for label in self.labels if isinstance(label, int))

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"label": value}

    @model_validator(mode="after")
    def _one_rule(self) -> Task:
        if [self.label, self.above, self.colour].count(None) != 2:
            raise PydanticCustomError("one_rule", "expected exactly one of label, above, colour")
        return self


def colour_value(red: int, green: int, blue: int) -> int:
    """Return a colour as one number, 0 for black: the label that it is in a map of colours."""
    return red << 16 | green << 8 | blue


def colour_name(value: int) -> str:
    """Return how the spec writes the colour that `colour_value` made a number of, such as [255, 0, 0]."""
    return f"[{value >> 16 & 255}, {value >> 8 & 255}, {value & 255}]"
