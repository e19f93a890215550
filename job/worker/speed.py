"""How fast a run was, where its time went, and what its masks cost. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from job.worker.tally import Tally

PREPARATION = ("plan", "load models")
"""Stages before the first image. Their time counts for the cost, not for the rates."""
MILLION = 1_000_000
HOUR_S = 3600
LEAST_SHARE = 0.005


def speed(tally: Tally, price_per_hour: float | None) -> dict[str, Any]:
    """Return the figures of a run, for the manifest. Rates and cost are None where nothing was evaluated.

    price_per_hour: of the machine, in any currency; None: not given.
    """
    wall_s, masks = tally.wall_s, tally.counts["rows"]
    evaluating_s = wall_s - sum(tally.seconds.get(stage, 0.0) for stage in PREPARATION)
    cost = None if price_per_hour is None or not masks else price_per_hour * wall_s / HOUR_S / masks * MILLION
    return {
        "wall_s": round(wall_s, 2),
        "evaluating_s": round(evaluating_s, 2),
        "images_per_s": _rate(tally.counts["images"], evaluating_s),
        "clicks_per_s": _rate(tally.counts["clicks"], evaluating_s),
        "masks_per_s": _rate(masks, evaluating_s),
        "device_utilisation": _mean(tally.utilisation),
        "price_per_hour": price_per_hour,
        "price_of_a_million_masks": None if cost is None else _figures(cost),
    }


def in_words(figures: dict[str, Any], tally: Tally) -> str:
    """Return a line such as `12.3 images/s, 110 clicks/s; encode 41 %, write 3 %, other 56 %`."""
    rates = [
        f"{_figures(rate):g} {name}/s" for name in ("images", "clicks", "masks") if (rate := figures[f"{name}_per_s"])
    ]
    facts = [", ".join(rates), ", ".join(_shares(figures["evaluating_s"], tally)), *_rest(figures)]
    return "; ".join(fact for fact in facts if fact)


def _shares(evaluating_s: float, tally: Tally) -> Iterator[str]:
    """Yield each stage's share of the time, the largest first, and the rest."""
    stages = {stage: seconds for stage, seconds in tally.seconds.items() if stage not in PREPARATION}
    stages["other"] = max(0.0, evaluating_s - sum(stages.values()))
    for stage in sorted(stages, key=lambda stage: (stage == "other", -stages[stage])):
        if stages[stage] > LEAST_SHARE * evaluating_s:
            yield f"{stage} {stages[stage] / evaluating_s:.0%}".replace("%", " %")


def _rest(figures: dict[str, Any]) -> Iterator[str]:
    if figures["device_utilisation"] is not None:
        yield f"GPU busy {figures['device_utilisation']:.0f} % of the time"
    if figures["price_of_a_million_masks"] is not None:
        yield f"a million masks cost {figures['price_of_a_million_masks']:g} at {figures['price_per_hour']:g} an hour"


def _rate(count: int, seconds: float) -> float | None:
    return round(count / seconds, 3) if count and seconds > 0 else None


def _mean(samples: list[int]) -> float | None:
    return round(sum(samples) / len(samples), 1) if samples else None


def _figures(value: float) -> float:
    """Round to three significant figures."""
    return float(f"{value:.3g}")
