"""LiteMedSAM reaches a reference's IoU on real slices, and outlines what a box holds in images of any shape."""

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
from job.models.families.lite_medsam import LiteMedSam
from job.models.lite_medsam import LiteMedSamModel
from job.models.registry import build
from job.testing import encode, make_request, random_image
from tests.models.compare import assert_close
from tests.models.requests import encoder_input
from tests.shared import SHARED, needs_shared

Box = tuple[int, int, int, int]
ORIENTATIONS = ("portrait", "landscape", "square")


def tight_box(mask_HW: NDArray[np.bool_]) -> Box:
    ys, xs = np.nonzero(mask_HW)
    return int(xs.min()), int(ys.min()), int(xs.max()), int(ys.max())


def components(mask_HW: NDArray[np.bool_]) -> list[NDArray[np.bool_]]:
    """Return the 8-connected components, largest first; of equal ones the higher label first."""
    number, labels_HW = cv2.connectedComponents(mask_HW.astype(np.uint8), connectivity=8)
    return sorted((labels_HW == label for label in reversed(range(1, number))), key=np.sum, reverse=True)


with Path(__file__).with_name("lite_medsam_box_iou.csv").open() as oracle:
    ROWS = list(csv.DictReader(oracle))
FEW = {row["image"] for _, rows in groupby(ROWS, key=lambda row: row["dataset"]) for row in list(rows)[:1]}


@needs_shared
@pytest.mark.parametrize(
    "row",
    [pytest.param(row, id=row["image"], marks=[] if row["image"] in FEW else pytest.mark.long) for row in ROWS],
)
def test_the_iou_with_boxes_is_that_of_the_reference(lite_medsam: LiteMedSamModel, row: dict[str, str]) -> None:
    """Modes 3 to 5 on a real slice agree within 5e-4: on one slice of each data set, or on all 18 if `long`."""
    folder = SHARED / "data" / row["dataset"]
    image = np.array(Pillow.open(folder / "images" / row["image"]).convert("RGB"))
    mask_HW = np.array(Pillow.open(folder / "masks" / row["image"]).convert("L")) > 0
    (encoded,) = encode(lite_medsam, image)

    def iou(boxes: list[Box]) -> float:
        predictions = lite_medsam.predict([make_request(encoded, box=box) for box in boxes])
        joined_HW = np.any([prediction.masks_CHW[0].numpy() for prediction in predictions], axis=0)
        return float((joined_HW & mask_HW).sum() / (joined_HW | mask_HW).sum())

    boxes = [tight_box(component_HW) for component_HW in components(mask_HW)[:3]]
    modes = {"mode3": iou(boxes[:1]), "mode4": iou(boxes), "mode5": iou([tight_box(mask_HW)])}
    assert modes == pytest.approx({mode: float(row[mode]) for mode in modes}, abs=5e-4)


@pytest.mark.parametrize(("rows", "columns"), [(256, 144), (144, 256), (256, 256)], ids=ORIENTATIONS)
def test_an_image_is_prepared_as_published(lite_medsam: LiteMedSamModel, rows: int, columns: int) -> None:
    """Blocks of 2 x 2 px become one pixel, values 20 to 220 become 0 to 1, and zeros are right and below."""
    small_HWC = np.random.default_rng(1).integers(20, 221, (rows, columns, 3), dtype=np.uint8)
    small_HWC[0, 0], small_HWC[-1, -1] = 20, 220
    prepared_CHW = encoder_input(lite_medsam, small_HWC.repeat(2, 0).repeat(2, 1))
    expected_CHW = np.zeros((3, 256, 256))
    expected_CHW[:, :rows, :columns] = (small_HWC.transpose(2, 0, 1) - 20.0) / 200
    assert_close(prepared_CHW, expected_CHW, 1e-6)


@pytest.mark.parametrize(("height", "width"), [(300, 170), (170, 300), (200, 200)], ids=ORIENTATIONS)
def test_a_bright_rectangle_is_outlined_where_it_lies(
    lite_medsam_clicks: LiteMedSamModel, height: int, width: int
) -> None:
    """Given its box, the IoU is above 0.8, near the top left and near the bottom right corner of the image."""
    rectangles_NHW = np.zeros((2, height, width), np.bool_)
    rectangles_NHW[0, 20:70, 12:92] = True
    rectangles_NHW[1, -70:-20, -92:-12] = True
    image = np.where(rectangles_NHW.any(axis=0), 220, 40).astype(np.uint8)
    (encoded,) = encode(lite_medsam_clicks, np.dstack([image] * 3))
    requests = [make_request(encoded, box=tight_box(rectangle_HW)) for rectangle_HW in rectangles_NHW]
    for rectangle_HW, prediction in zip(rectangles_NHW, lite_medsam_clicks.predict(requests), strict=True):
        mask_HW = prediction.masks_CHW[0].numpy()
        assert (mask_HW & rectangle_HW).sum() > 0.8 * (mask_HW | rectangle_HW).sum()


def test_a_uniform_image_becomes_zeros(lite_medsam: LiteMedSamModel) -> None:
    """An image of a single value has no range, and no division by zero follows."""
    assert not encoder_input(lite_medsam, np.full((20, 30, 3), 7, np.uint8)).any()


def test_an_image_of_twice_the_size_has_the_same_outline(lite_medsam: LiteMedSamModel) -> None:
    """Pixels, box and mask are doubled."""
    image = random_image(192, 256, seed=4)
    image[60:130, 80:170] = 250
    once, twice = encode(lite_medsam, image, image.repeat(2, 0).repeat(2, 1))
    small, large = lite_medsam.predict(
        [make_request(once, box=(78, 58, 172, 132)), make_request(twice, box=(156, 116, 344, 264))]
    )
    doubled_HW = small.masks_CHW[0].numpy().repeat(2, 0).repeat(2, 1)
    large_HW = large.masks_CHW[0].numpy()
    assert (doubled_HW & large_HW).sum() / (doubled_HW | large_HW).sum() > 0.97


def test_packaged_weights_are_verified_without_a_hash_in_the_spec(lite_medsam_checkpoint: Path, tmp_path: Path) -> None:
    """The package states the hash of its weights; other bytes at the packaged address are refused."""
    damaged = tmp_path / "lite_medsam.pth"
    damaged.write_bytes(lite_medsam_checkpoint.read_bytes()[:-1] + b"!")
    with pytest.raises(WeightsError, match="expected sha256 79d8c9dca6db"):
        build(LiteMedSam(name="lite", family="lite_medsam"), damaged, torch.device("cpu"), "fp32")
