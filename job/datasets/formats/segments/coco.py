"""Instances in COCO's JSON (cocodataset.org/#format-data): polygons and run lengths of many 2D images in one file."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco_mask

from job.datasets.doubt import Doubt
from job.datasets.fit import check_bytes
from job.datasets.formats.segments.segment import Segment
from job.datasets.sizes import as_text
from job.errors import DataError

MAX_BYTES = 1 << 30
IN_MEMORY = 12  # bytes of Python objects for each byte of JSON
BEYOND = 1.0  # share of the image by which a corner may leave it: pycocotools walks along every edge


@dataclass(frozen=True, eq=False)
class Coco:
    """A file's content. segments: its categories. images: by id; annotations: by the image's id."""

    segments: tuple[Segment, ...]
    images: Mapping[int, Mapping[str, Any]]
    annotations: Mapping[int, Sequence[Mapping[str, Any]]]


def parse(data: bytes) -> Coco:
    """Return the content of a file; raise DataError if it is not COCO's. The caller keeps it: it holds all images."""
    if len(data) > MAX_BYTES:
        raise DataError("too large", f"a JSON file of {len(data)} bytes; at most {MAX_BYTES}")
    check_bytes(IN_MEMORY * len(data))
    try:
        content = json.loads(data)
        categories = [(int(each["id"]), str(each["name"])) for each in content["categories"]]
        images = {int(each["id"]): dict(each) for each in content["images"]}
        annotations: defaultdict[int, list[Mapping[str, Any]]] = defaultdict(list)
        for each in content["annotations"]:
            annotations[int(each["image_id"])].append(dict(each))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DataError("unreadable", f"not instances in COCO's JSON ({type(error).__name__}: {error})") from None
    return Coco(tuple(Segment(number=number, name=name) for number, name in categories), images, annotations)


def image_of(coco: Coco, address: str) -> tuple[int, tuple[Doubt, ...]]:
    """Return the id of an image by its address below the root, or else by its last name, and what is doubtful about it.

    Another image may have the same last name. Raise DataError if the file has none or several of it.
    """
    names = {number: str(image.get("file_name", "")) for number, image in coco.images.items()}
    exact = [number for number, each in names.items() if each == address]
    found = exact or [number for number, each in names.items() if _last(each) == _last(address)]
    if len(found) != 1:
        detail = f"expected one image named {address[:200]!r}, the JSON file has {len(found)}"
        raise DataError("mask missing", detail)
    if exact:
        return found[0], ()
    detail = f"the JSON file names {names[found[0]][:200]}, the image is {address[:200]}: only their last names agree"
    return found[0], (Doubt(reason="name of the image", detail=detail),)


def drawn(coco: Coco, image: int, segment: Segment, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return all instances of a category on an image, HxW. size: height and width of the image file."""
    stated = tuple(coco.images[image].get(key) for key in ("height", "width"))
    if stated != size:
        raise DataError("size mismatch", f"the image is {as_text(size)}, the JSON file states {stated}")
    mask_HW = np.zeros(size, bool)
    for each in coco.annotations.get(image, ()):
        if each.get("category_id") == segment.number:
            mask_HW |= _instance(each.get("segmentation"), size)
    return mask_HW


def _instance(segmentation: Any, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of an instance, as pycocotools draws it: polygons, or run lengths as a list or packed."""
    height, width = size
    if isinstance(segmentation, list) and segmentation:
        for polygon in segmentation:
            _check_polygon(polygon, size)
        rle = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation, dict) and segmentation.get("size") == [height, width]:
        rle = _run_lengths(segmentation, size)
    else:
        raise DataError("unreadable", f"expected polygons, or run lengths of {as_text(size)}, as `segmentation`")
    try:
        return np.asarray(coco_mask.decode(rle), bool)
    except ValueError as error:
        raise DataError("unreadable", f"damaged run lengths: {error}") from None


def _check_polygon(polygon: Any, size: tuple[int, int]) -> None:
    """Raise DataError for what is no polygon. pycocotools takes four numbers for a box, and walks along each edge."""
    furthest = (1 + BEYOND) * max(size)
    are_numbers = isinstance(polygon, list) and all(
        isinstance(each, int | float) and math.isfinite(each) and abs(each) <= furthest for each in polygon
    )
    if not are_numbers or len(polygon) < 6 or len(polygon) % 2:
        raise DataError("unreadable", f"expected a polygon of three corners or more near an image of {as_text(size)}")


def _run_lengths(segmentation: Mapping[str, Any], size: tuple[int, int]) -> Any:
    counts = segmentation.get("counts")
    lengths = _unpacked(counts) if isinstance(counts, str) else counts
    if not isinstance(lengths, list) or not all(isinstance(each, int) and each >= 0 for each in lengths):
        raise DataError("unreadable", "expected run lengths, a list or a string, as `counts`")
    if sum(lengths) != math.prod(size):
        raise DataError("unreadable", f"the run lengths cover {sum(lengths)} pixels of an image of {as_text(size)}")
    return coco_mask.frPyObjects({"size": list(size), "counts": lengths}, *size)


def _unpacked(text: str) -> list[int]:
    """Return run lengths from COCO's string: 5 bits a character, the lowest first; from the fourth on, differences."""
    lengths: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        if not 0 <= code < 64 or shift > 30:
            raise DataError("unreadable", "damaged run lengths: a character that COCO does not use")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            value -= 1 << shift if code & 16 else 0
            lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
            value = shift = 0
    return lengths


def _last(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2]
