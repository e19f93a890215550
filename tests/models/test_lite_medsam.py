"""LiteMedSAM gives the published IoU on real slices."""

from __future__ import annotations

import csv
from itertools import groupby
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow

from job.errors import WeightsError
from job.models.lite_medsam import LiteMedSamModel
from job.models.registry import build
from job.study.model import LiteMedSam
from tests.models.asking import ask, random_image
from tests.shared import SHARED, needs_shared

Box = tuple[int, int, int, int]


def tight_box(mask_HW: NDArray[np.bool_]) -> Box:
    ys, xs = np.nonzero(mask_HW)
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


def parts(mask_HW: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """8-connected parts, largest first; of equal ones the one that is numbered higher."""
    number, labels_HW = cv2.connectedComponents(mask_HW.astype(np.uint8), connectivity=8)
    return sorted((labels_HW == label for label in reversed(range(1, number))), key=np.sum, reverse=True)


with Path(__file__).with_name("lite_medsam_box_iou.csv").open() as oracle:
    ROWS = list(csv.DictReader(oracle))
FEW = {row["image"] for _, rows in groupby(ROWS, key=lambda row: row["dataset"]) for row in list(rows)[:2]}


@needs_shared
@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["image"], marks=[] if row["image"] in FEW else pytest.mark.long) for row in ROWS],
)
def test_box_iou_of_the_oracle(lite_medsam: LiteMedSamModel, row: dict[str, str]) -> None:
    """Modes 3 to 5 on a real slice agree with the oracle within 5e-4; two slices of each set, or all 18 if `long`."""
    folder = SHARED / "data" / row["dataset"]
    image = np.array(Pillow.open(folder / "images" / row["image"]).convert("RGB"))
    mask_HW = np.array(Pillow.open(folder / "masks" / row["image"]).convert("L")) > 0
    encoded = lite_medsam.encode([image])[0]

    def iou(boxes: list[Box]) -> float:
        predictions = lite_medsam.predict([ask(encoded, box=box) for box in boxes])
        joined_HW = np.any([prediction.masks_CHW[0].numpy() for prediction in predictions], axis=0)
        return float((joined_HW & mask_HW).sum() / (joined_HW | mask_HW).sum())

    of_parts = [tight_box(part_HW) for part_HW in parts(mask_HW)[:3]]
    modes = {"mode3": iou(of_parts[:1]), "mode4": iou(of_parts), "mode5": iou([tight_box(mask_HW)])}
    assert modes == pytest.approx({mode: float(row[mode]) for mode in modes}, abs=5e-4)


def test_an_image_is_prepared_as_published(lite_medsam: LiteMedSamModel) -> None:
    """Longest side to 256, values to [0, 1] by the image's own range, zeros right and below."""
    prepared = lite_medsam.prepare(random_image(300, 512))
    assert prepared.shape == (3, 256, 256)
    assert prepared[:, :150].min() == 0
    assert prepared[:, :150].max() == 1
    assert not prepared[:, 150:].any()


def test_a_uniform_image_becomes_zeros(lite_medsam: LiteMedSamModel) -> None:
    """An image of one value has no range; it is zeros, not a division by zero."""
    assert not lite_medsam.prepare(np.full((20, 30, 3), 7, np.uint8)).any()


def test_scale_does_not_matter(lite_medsam: LiteMedSamModel) -> None:
    """An image whose pixels are doubled, with its box doubled, gives the same outline at twice the size."""
    image = random_image(192, 256, seed=4)
    image[60:130, 80:170] = 250
    once, twice = lite_medsam.encode([image, image.repeat(2, 0).repeat(2, 1)])
    small, large = lite_medsam.predict([ask(once, box=(78, 58, 172, 132)), ask(twice, box=(156, 116, 344, 264))])
    doubled_HW = small.masks_CHW[0].numpy().repeat(2, 0).repeat(2, 1)
    large_HW = large.masks_CHW[0].numpy()
    assert (doubled_HW & large_HW).sum() / (doubled_HW | large_HW).sum() > 0.97


def test_packaged_weights_are_verified_unasked(lite_medsam_checkpoint: Path, tmp_path: Path) -> None:
    """The package states the hash of its weights; other bytes at the packaged address are refused."""
    damaged = tmp_path / "lite_medsam.pth"
    damaged.write_bytes(lite_medsam_checkpoint.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="expected sha256 79d8c9dca6db"):
        build(LiteMedSam(name="lite", family="lite_medsam"), damaged, torch.device("cpu"), "fp32")
