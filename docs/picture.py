"""Draw the README's picture from the results of the embedded study: truth (green) and prediction (red) of one slice.

medsam-job demo && python docs/picture.py results/quickstart docs/quickstart.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow.dataset as arrow
from PIL import Image, ImageDraw
from scipy import ndimage

from job.datasets.discover import discover
from job.datasets.load import load
from job.results import run_lengths
from job.storage import InputCache
from job.study import load as load_spec

SLICE, PROMPT, CHOICE, SCALE = 85, "each_box", "oracle", 2
GREEN, RED, WHITE = (60, 220, 90), (235, 70, 60), (255, 255, 255)


def outline(mask_HW: np.ndarray) -> np.ndarray:
    """Return the pixels of a mask that border on the background."""
    return mask_HW & ~ndimage.binary_erosion(mask_HW)


def rows(folder: Path, table: str) -> dict[str, dict]:
    """Return the row of each task in the slice, by task."""
    wanted = arrow.field("slice") == SLICE
    if table != "objects":
        wanted &= (arrow.field("prompt") == PROMPT) & (arrow.field("mask_choice") == CHOICE)
    return {row["task"]: row for row in arrow.dataset(folder / table).to_table(filter=wanted).to_pylist()}


def panel(image_HWC: np.ndarray, truth: dict, predicted: dict, iou: float) -> Image.Image:
    """Draw one task: image, outlines of truth and prediction, boxes, and the IoU."""
    height, width = image_HWC.shape[:2]
    big = np.array(Image.fromarray(image_HWC).resize((width * SCALE, height * SCALE), Image.Resampling.BICUBIC))
    for counts, colour in ((truth["truth"], GREEN), (predicted["mask"], RED)):
        big[outline(run_lengths.decode(counts, height, width).repeat(SCALE, 0).repeat(SCALE, 1))] = colour
    picture = Image.fromarray(big)
    draw = ImageDraw.Draw(picture)
    for box in predicted["boxes"]:
        draw.rectangle(
            [box["x0"] * SCALE, box["y0"] * SCALE, (box["x1"] + 1) * SCALE, (box["y1"] + 1) * SCALE], outline=WHITE
        )
    draw.text((8, 6), f"{truth['task']}, IoU {iou:.2f}", fill=WHITE, font_size=18)
    return picture


def main() -> None:
    """Read results and image, and write the picture."""
    folder, target = Path(sys.argv[1]), Path(sys.argv[2])
    dataset = load_spec("specs/quickstart.yaml").study.datasets[0]
    (sample,) = load(dataset, discover(dataset)[0], [SLICE], InputCache(folder, 10**9), 10**8).samples
    truths, predictions, scores = (rows(folder, table) for table in ("objects", "predictions", "iou"))
    panels = [panel(sample.image_HWC, truths[task], predictions[task], scores[task]["iou"]) for task in dataset.tasks]
    Image.fromarray(np.hstack([np.asarray(picture) for picture in panels])).save(target, optimize=True)


if __name__ == "__main__":
    main()
