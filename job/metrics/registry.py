"""The metrics that are computed from stored masks, by the name that a spec asks for them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from job.metrics.boundary import assd, boundary_iou, hd95, nsd
from job.metrics.contours import MaskPair


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A score of one prediction against one truth, which is never empty.

    name, unit: as the tables have them, where {length} is mm or px, and {tolerance} a number of them. empty: the value
    of an empty prediction, None if it has none. function: the value of any other, from the masks and the tolerance in
    the unit of their spacing.
    """

    name: str
    unit: str
    higher_is_better: bool
    empty: float | None
    function: Callable[[MaskPair, float], float]

    def label(self, length: str, tolerance: float) -> tuple[str, str]:
        """Return name and unit in a unit of length, such as `NSD 2 mm` and `share`."""
        number = str(float(tolerance)).removesuffix(".0")
        return self.name.format(length=length, tolerance=number), self.unit.format(length=length)

    def value(self, pair: MaskPair, tolerance: float) -> float | None:
        """Return the score of a prediction; None if an empty prediction has none."""
        return self.function(pair, tolerance) if pair.prediction_HW.any() else self.empty


METRICS: Mapping[str, Metric] = {
    "nsd": Metric(name="NSD {tolerance} {length}", unit="share", higher_is_better=True, empty=0.0, function=nsd),
    "hd95": Metric(name="HD95 {length}", unit="{length}", higher_is_better=False, empty=None, function=hd95),
    "assd": Metric(name="ASSD {length}", unit="{length}", higher_is_better=False, empty=None, function=assd),
    "boundary_iou": Metric(name="boundary IoU", unit="share", higher_is_better=True, empty=0.0, function=boundary_iou),
}
