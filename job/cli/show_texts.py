"""What a picture of a case says: titles and facts from the rows of `job.statistics.cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from job.cli.wording import counted
from job.report.cases import Case, Click, Predicted
from job.report.sheet import Corners
from job.results import run_lengths
from job.study.prompts import ONE_SHOT

Row = Mapping[str, Any]


def case_of(obj: Row, predictions: Sequence[Row], pixels_HWC: Any) -> Case:
    """Return one object as a case. pixels_HWC: uint8 HxWx3, None where they cannot be shown."""
    height, width = obj["height"], obj["width"]
    return Case(
        title=f"{obj['dataset']} · {obj['task']} · {place_of(obj)}",
        facts=(*object_facts(obj), *([] if pixels_HWC is not None else ["the image cannot be shown: masks alone"])),
        truth_HW=run_lengths.decode(obj["truth"], height, width),
        pixels_HWC=pixels_HWC,
        predictions=tuple(_predicted(row, height, width) for row in predictions),
    )


def place_of(obj: Row) -> str:
    """Return the image of an object, and its slice."""
    return str(obj["image"]) + ("" if obj["axis"] == "none" else f", {obj['axis']} slice {obj['slice']}")


def object_facts(obj: Row) -> list[str]:
    """Return what is known of an object: its size, and where it is from."""
    patient = f", patient {obj['patient']}" if obj["patient"] != obj["image"] else ""
    return [
        f"{obj['object_px']:,} px, {counted(obj['components'], 'component')}",
        f"image {obj['width']} × {obj['height']} px{patient}",
    ]


def clicks_of(row: Row) -> tuple[Click, ...]:
    """Return the clicks or points that a model was given, in order."""
    return tuple(Click(point["x"], point["y"], point["positive"]) for point in row["points"])


def boxes_of(row: Row) -> tuple[Corners, ...]:
    """Return the boxes that a model was given."""
    return tuple((box["x0"], box["y0"], box["x1"], box["y1"]) for box in row["boxes"])


def _predicted(row: Row, height: int, width: int) -> Predicted:
    mask_HW = run_lengths.decode(row["mask"], height, width)
    score = f"IoU {row['iou']:.4f}"
    if row["predicted_iou"] is not None:
        score += f", predicted {row['predicted_iou']:.4f}"
    return Predicted(
        title=row["model"],
        facts=(f"{_asked(row)}, {row['mask_choice']}", score, *([] if mask_HW.any() else ["the mask is empty"])),
        mask_HW=mask_HW,
        clicks=clicks_of(row),
        boxes=boxes_of(row),
        named=row["is_named"],
    )


def _asked(row: Row) -> str:
    """Return what a model was given, in words."""
    if row["protocol"] == ONE_SHOT:
        return str(row["prompt"])
    status = "" if row["status"] == "ok" else f" ({row['status']})"
    given = counted(row["step"], "click") if row["step"] else "box"
    return f"{given} by {row['protocol']}{status}"
