"""Instances in COCO's JSON, drawn as pycocotools draws them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from job.datasets.formats.segments import coco
from job.datasets.formats.segments.segment import Segment
from job.errors import DataError, MemoryShortageError

SIZE = (7, 9)
CELL, NUCLEUS = Segment(number=3, name="cell"), Segment(number=8, name="nucleus")
L = np.zeros(SIZE, np.uint8)
L[1:6, 2:4] = 1
L[1:3, 2:7] = 1
RUNS = [int(run) for run in np.diff([0, *np.flatnonzero(np.diff(L.ravel(order="F"))) + 1, L.size])]
POLYGON = [2, 1, 7, 1, 7, 3, 4, 3, 4, 6, 2, 6]
PACKED = coco_mask.encode(np.asfortranarray(L))["counts"].decode()


def content(*segmentations: Any, **image: Any) -> dict[str, Any]:
    """Return a file's content with one image. segmentations: of its instances, all cells."""
    return {
        "images": [{"id": 5, "file_name": "a.png", "height": SIZE[0], "width": SIZE[1]} | image],
        "categories": [{"id": 3, "name": "cell"}, {"id": 8, "name": "nucleus"}],
        "annotations": [
            {"id": n, "image_id": 5, "category_id": 3, "segmentation": each} for n, each in enumerate(segmentations)
        ],
    }


def drawn(data: dict[str, Any], name: str = "a.png", segment: Segment = CELL) -> Any:
    parsed = coco.parse(json.dumps(data).encode())
    return coco.drawn(parsed, coco.image_of(parsed, name)[0], segment, SIZE)


@pytest.mark.parametrize(
    "segmentation", [[POLYGON], {"size": [7, 9], "counts": RUNS}, {"size": [7, 9], "counts": PACKED}]
)
def test_polygons_and_run_lengths(segmentation: Any) -> None:
    """An L, as corners and, column by column, as runs; a crowd is one too."""
    data = content(segmentation)
    data["annotations"][0]["iscrowd"] = 1
    assert np.array_equal(drawn(data), L)


@pytest.mark.parametrize("corners", [[1.5, 0.5, 8.2, 3.7, 3.1, 6.9], [-1, -2, 12, 4, 3, 9]])
def test_pixels_are_those_of_pycocotools(corners: list[float]) -> None:
    """Of corners between pixels, and beyond the image."""
    expected = coco_mask.decode(coco_mask.frPyObjects([corners], *SIZE))[..., 0]
    assert np.array_equal(drawn(content([corners])), expected)


def test_instances_and_parts_are_joined_by_category() -> None:
    """A category without an instance on the image is empty; every category of the file is a segment."""
    data = content([[0, 0, 2, 0, 2, 2, 0, 2], [4, 4, 6, 4, 6, 6, 4, 6]], [[7, 0, 9, 0, 9, 2, 7, 2]])
    expected = np.zeros(SIZE, bool)
    expected[0:2, 0:2] = expected[4:6, 4:6] = expected[0:2, 7:9] = True
    assert np.array_equal(drawn(data), expected)
    assert not drawn(data, segment=NUCLEUS).any()
    assert coco.parse(json.dumps(data).encode()).segments == (CELL, NUCLEUS)


def test_an_image_is_found_by_its_name_or_the_last_part_of_it() -> None:
    """If that is unique."""
    data = content(file_name="train/a.png")
    parsed = coco.parse(json.dumps(data).encode())
    assert [coco.image_of(parsed, name)[0] for name in ("train/a.png", "a.png", "x/a.png")] == [5, 5, 5]
    assert [len(coco.image_of(parsed, name)[1]) for name in ("train/a.png", "a.png", "x/a.png")] == [0, 1, 1]
    data["images"].append(data["images"][0] | {"id": 6, "file_name": "test/a.png"})
    parsed = coco.parse(json.dumps(data).encode())
    assert coco.image_of(parsed, "test/a.png") == (6, ())
    for name in ("a.png", "b.png"):
        with pytest.raises(DataError, match=name):
            coco.image_of(parsed, name)


RUN = {"size": [7, 9], "counts": RUNS}


@pytest.mark.parametrize(
    "segmentation",
    [
        [[0, 0, 5, 5]],
        [[0, 0, 5, 5, 1]],
        [[0, 0, 5, 5, 1, 1, 2]],
        [[0, 0, 5, 5, float("nan"), 1]],
        [[0, 0, 5, 5, 1e9, 1]],
        [[0, 0, 5, 5, "1", 1]],
        [POLYGON, 7],
        [],
        None,
        "text",
        RUN | {"size": [9, 7]},
        RUN | {"size": [70000, 90000]},
        RUN | {"counts": RUNS[:-1]},
        RUN | {"counts": [*RUNS, 1]},
        RUN | {"counts": [-1, 64]},
        RUN | {"counts": [1 << 40]},
        RUN | {"counts": ["63"]},
        RUN | {"counts": None},
        RUN | {"counts": PACKED[:-1]},
        RUN | {"counts": PACKED + "1"},
        RUN | {"counts": "o" * 20},
        RUN | {"counts": "\u00ff"},
    ],
)
def test_damaged_instances_are_refused(segmentation: Any) -> None:
    """Four numbers would be drawn as a box, and a corner far away would take its distance in memory."""
    with pytest.raises(DataError):
        drawn(content(segmentation))


def test_another_size_is_refused() -> None:
    """Of the image file and of the JSON file."""
    with pytest.raises(DataError, match="7 x 9") as caught:
        drawn(content([POLYGON], height=8))
    assert caught.value.reason == "size mismatch"


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"{}", b"3", b"\xff", b"[" * 100_000, b'{"categories": [], "images": [], "annotations": [1]}'],
)
def test_what_is_not_coco_is_refused(data: bytes) -> None:
    """Nor what nests too deep."""
    with pytest.raises(DataError, match="not instances"):
        coco.parse(data)


def test_a_file_that_is_too_large_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond a bound, and beyond this machine's memory."""
    data = json.dumps(content()).encode()
    monkeypatch.setattr("job.datasets.fit.SMALL", 1)
    monkeypatch.setattr("job.memory.available", lambda: 1000)
    with pytest.raises(MemoryShortageError):
        coco.parse(data)
    monkeypatch.setattr(coco, "MAX_BYTES", 100)
    with pytest.raises(DataError, match="at most 100"):
        coco.parse(data)
