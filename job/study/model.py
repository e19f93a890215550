"""What the spec says of any model. Each family adds keys of its own: see `job.study.families`."""

from __future__ import annotations

from typing import Literal

from job.study.strict import Address, Line, Name, Sha256, Strict

PublishedName = Literal["sam_vit_h", "ritm_h32", "simpleclick", "focalclick"]
"""The models of the published tables in `statistics/reference`."""

FACTS = ("trained_on", "licence", "citation", "zero_shot")
WITHOUT_EFFECT_ON_ROWS = frozenset({"published", *FACTS})
"""Keys that say what is known of a model, and change no row."""


class ModelSpec(Strict):
    """One model of the spec.

    A family's class narrows `family` to its name, and states `checkpoint` without None if it needs weights.
    """

    family: str
    name: Name
    checkpoint: Address | None = None
    sha256: Sha256 | None = None
    """The sha256 of the checkpoint. Any other file is refused."""
    published: PublishedName | None = None
    """The published column that this model is compared with, such as sam_vit_h."""
    trained_on: tuple[Line, ...] = ()
    """Names of the data sets that its weights were trained on. Comparisons on data of the study among them say so."""
    licence: Line | None = None
    """The licence of its weights."""
    citation: Line | None = None
    """What to cite for its weights."""
    zero_shot: bool | Literal["unknown"] | None = None
    """Whether the weights were trained without any data of the study. Default: what is known of the weights."""
