"""Masks in colour: `colour` names the object's colour."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from job.datasets.labels import as_colours
from job.errors import DataError
from tests.datasets.make import dataset, grey, ledger, load, pair, save

BENIGN, MALIGNANT = [0, 255, 0], [255, 0, 0]


def coloured() -> np.ndarray:
    """Return a mask, green in row 0 and red at the end of row 1."""
    mask = np.zeros((4, 6, 3), np.uint8)
    mask[0, :2] = BENIGN
    mask[1, 5] = MALIGNANT
    return mask


def truths(folder: Path, **tasks: object) -> dict[str, list[list[int]]]:
    """Return the pixels of each object of the only image."""
    (sample,) = load(dataset(folder, tasks={name: {"colour": value} for name, value in tasks.items()}), folder).samples
    return {obj.task: np.argwhere(obj.truth_HW).tolist() for obj in sample.objects}


def test_an_object_is_where_its_colour_is(tmp_path: Path) -> None:
    """One colour or several."""
    pair(tmp_path, grey(), coloured())
    assert truths(tmp_path, benign=BENIGN, malignant=MALIGNANT) == {"benign": [[0, 0], [0, 1]], "malignant": [[1, 5]]}
    assert truths(tmp_path, both=[BENIGN, MALIGNANT]) == {"both": [[0, 0], [0, 1], [1, 5]]}


def test_every_colour_but_black_is_labelled(tmp_path: Path) -> None:
    """As the values of a label map are."""
    pair(tmp_path, grey(), coloured())
    (sample,) = load(dataset(tmp_path, tasks={"benign": {"colour": BENIGN}}), tmp_path).samples
    assert np.argwhere(sample.objects[0].labelled_HW).tolist() == [[0, 0], [0, 1], [1, 5]]


def test_a_palette_gives_its_colours(tmp_path: Path) -> None:
    """Not the indices, which `label` names."""
    indices = np.zeros((4, 6), np.uint8)
    indices[2, 3] = 7
    save(tmp_path / "images/a.png", grey())
    (tmp_path / "masks").mkdir()
    picture = Image.fromarray(indices, "P")
    picture.putpalette([0, 0, 0, *[9] * 18, *MALIGNANT])
    picture.save(tmp_path / "masks/a.png")
    assert truths(tmp_path, malignant=MALIGNANT) == {"malignant": [[2, 3]]}


def test_a_grey_mask_has_grey_colours() -> None:
    """Grey 7 is [7, 7, 7]."""
    assert as_colours(np.array([[0, 7]], np.uint8)).tolist() == [[0, 7 << 16 | 7 << 8 | 7]]


def test_the_ledger_lists_the_colours_of_a_mask_without_the_object(tmp_path: Path) -> None:
    """As the spec would write them."""
    pair(tmp_path, grey(), coloured())
    (line,) = load(dataset(tmp_path, tasks={"cyst": {"colour": [64, 0, 0]}}), tmp_path).left_out
    assert line.detail == "the colours here are [0, 0, 0], [0, 255, 0], [255, 0, 0]"


def test_a_mask_of_more_than_8_bits_has_no_colours(tmp_path: Path) -> None:
    """A colour of the spec has values up to 255."""
    pair(tmp_path, grey(), np.ones((4, 6), np.uint16))
    assert ledger(load(dataset(tmp_path, tasks={"a": {"colour": BENIGN}}), tmp_path).left_out) == [
        (0, "a", "error", "no colours")
    ]
    with pytest.raises(DataError, match="expected a picture of 8 bits"):
        as_colours(np.zeros((2, 2, 2), np.uint8))
