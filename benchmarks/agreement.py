"""Whether two sides of a comparison made the same masks and the same scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pycocotools import mask as coco

from benchmarks.plain_loop import Row

Key = tuple[str, str, str, str, int]
LEAST_EQUAL = 0.9999
"""Share of mask pixels that must be equal in float32."""


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A stored mask with its score and the clicks that led to it."""

    mask: dict[str, Any]
    points: tuple[tuple[int, int, bool], ...]
    iou: float


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How two sets of rows agree. Rows after a click that differs are no longer comparable.

    what: model and precision.
    differing: episodes with a click that differs, of `episodes`. pixels: share of equal pixels in the comparable rows.
    identical: rows with the same mask; unequal: those of them with another IoU. changed: mean and largest absolute
    difference of IoU over all rows.
    """

    what: str
    rows: int
    comparable: int
    episodes: int
    differing: int
    pixels: float
    identical: int
    unequal: int
    changed: tuple[float, float]

    @property
    def is_exact(self) -> bool:
        """Whether the second set was computed in float32."""
        return self.what.endswith("fp32")

    @property
    def holds(self) -> bool:
        """Whether the pixels are equal enough for float32, and IoU is equal wherever the mask is."""
        return self.pixels >= LEAST_EQUAL and not self.unequal

    def __str__(self) -> str:
        mean, largest = self.changed
        return (
            f"{self.what}: {self.comparable} of {self.rows} rows have equal clicks ({self.differing} of {self.episodes} "
            f"episodes come to differ); of these {self.pixels:.6%} of mask pixels are equal, {self.identical} masks are "
            f"identical, and {self.unequal} of them have another IoU; over all rows |ΔIoU| is {mean:.5f} on average, "
            f"{largest:.4f} at most"
        )


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write rows of the plain loop; masks as run-lengths."""
    columns: dict[str, list[Any]] = {
        "image": [row.image for row in rows],
        "task": [row.task for row in rows],
        "prompt": [row.prompt for row in rows],
        "mask_choice": [row.mask_choice for row in rows],
        "step": [row.step for row in rows],
        "iou": [row.iou for row in rows],
        "points": [[{"x": x, "y": y, "positive": positive} for x, y, positive in row.points] for row in rows],
        "mask": [coco.encode(np.asfortranarray(row.mask_HW, np.uint8))["counts"].decode() for row in rows],
        "size": [list(row.mask_HW.shape) for row in rows],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)


def plain_rows(path: Path) -> dict[Key, Scored]:
    """Read the rows of the plain loop."""
    return {_key(row): _scored(row, row["size"], row["iou"]) for row in pq.read_table(path).to_pylist()}


def job_rows(results: Path) -> dict[Key, Scored]:
    """Read the rows of a study of one model and one seed."""
    objects = {(row["image"], row["task"]): row for row in pq.read_table(results / "objects").to_pylist()}
    ious = {_key(row): row["iou"] for row in pq.read_table(results / "iou").to_pylist()}
    predictions = pq.read_table(results / "predictions").to_pylist()
    sizes = {key: [row["height"], row["width"]] for key, row in objects.items()}
    return {_key(row): _scored(row, sizes[row["image"], row["task"]], ious[_key(row)]) for row in predictions}


def compare(first: dict[Key, Scored], second: dict[Key, Scored], what: str) -> Agreement:
    """Compare two sets of rows; ValueError unless both have the same ones. what: names the comparison."""
    if first.keys() != second.keys():
        raise ValueError(f"the rows differ: {len(first)} and {len(second)}, for example {_unlike(first, second)}")
    same = [key for key in first if first[key].points == second[key].points]
    shares = [_equal_pixels(first[key].mask, second[key].mask) for key in same]
    identical = [key for key, share in zip(same, shares, strict=True) if share == 1]
    changes = [abs(first[key].iou - second[key].iou) for key in first]
    return Agreement(
        what=what,
        rows=len(first),
        comparable=len(same),
        episodes=len({key[:4] for key in first}),
        differing=len({key[:4] for key in first.keys() - set(same)}),
        pixels=float(np.mean(shares)),
        identical=len(identical),
        unequal=sum(first[key].iou != second[key].iou for key in identical),
        changed=(float(np.mean(changes)), float(np.max(changes))),
    )


def _key(row: dict[str, Any]) -> Key:
    return row["image"], row["task"], row["prompt"], row["mask_choice"], row["step"]


def _scored(row: dict[str, Any], size: list[int], iou: float) -> Scored:
    points = tuple((point["x"], point["y"], point["positive"]) for point in row["points"])
    return Scored(mask={"size": size, "counts": row["mask"]}, points=points, iou=iou)


def _equal_pixels(first: dict[str, Any], second: dict[str, Any]) -> float:
    """Return the share of equal pixels of two masks."""
    return float(np.mean(coco.decode(first) == coco.decode(second)))


def _unlike(first: dict[Key, Scored], second: dict[Key, Scored]) -> Key:
    return next(iter(first.keys() ^ second.keys()))
