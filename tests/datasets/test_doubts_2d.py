"""2D files that are easily misread, from the file to the object's pixels and the lines of the ledger."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from job.datasets.check import look_inside
from job.datasets.discover import discover
from job.datasets.load import Loaded
from job.storage import InputCache
from tests.datasets.make import MAX_PX, dataset, load, save, tiff, write

SIDE = 32
OBJECT_PX = 6 * 9  # rows 4 to 9, columns 3 to 11: off every axis of symmetry
THRESHOLD = 130


def disc() -> NDArray[np.bool_]:
    truth = np.zeros((SIDE, SIDE), bool)
    truth[4:10, 3:12] = True
    return truth


def picture() -> NDArray[np.uint8]:
    """Return an image whose object alone is brighter than the threshold."""
    gradient = np.add.outer(np.arange(SIDE), np.arange(SIDE))
    return np.asarray(gradient + 150 * disc(), np.uint8)


def loaded(folder: Path, image: str, mask: str, **changes: Any) -> Loaded:
    """Load an image and its mask, both below the folder, and check that `validate` finds the same."""
    data = dataset(folder, images=f"{folder}/images/{image}", masks=f"{folder}/masks/{mask}", **changes)
    result = load(data, folder)
    (source,) = discover(data)
    findings = look_inside(data, source, InputCache(folder / "cache", 1 << 30), MAX_PX).findings
    assert findings == [line for line in result.left_out if line.kind != "empty"]
    return result


def lines(result: Loaded) -> list[tuple[str | None, str, str]]:
    return [(line.task, line.kind, line.reason) for line in result.left_out]


def truth(result: Loaded, task: str = "object") -> NDArray[np.bool_]:
    (sample,) = result.samples
    return next(obj.truth_HW for obj in sample.objects if obj.task == task)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int64])
def test_labels_of_a_tiff_where_white_is_zero(tmp_path: Path, kind: type) -> None:
    """The object is what is stored as 1, at every depth, and a warning names the tag and the file."""
    save(tmp_path / "images/a.png", picture())
    mask = write(tmp_path / "masks/a.tif", tiff(disc().astype(kind)[..., None], photometric=0))
    result = loaded(tmp_path, "a.png", "a.tif")
    assert np.array_equal(truth(result), disc())
    assert lines(result) == [("object", "warning", "white is zero")]
    assert result.left_out[0].detail.startswith(f"{mask}: PhotometricInterpretation is 0")


def test_a_doubt_about_an_image_that_is_its_own_mask_is_told_once(tmp_path: Path) -> None:
    """The task reads the same file."""
    write(tmp_path / "images/a.tif", tiff(picture()[..., None], photometric=0))
    result = loaded(tmp_path, "a.tif", "a.tif", tasks={"bright": {"masks": "{image}", "above": THRESHOLD}})
    assert np.array_equal(truth(result, "bright"), disc())
    assert lines(result) == [(None, "warning", "white is zero")]


def test_a_palette_with_white_first_is_a_warning(tmp_path: Path) -> None:
    """As a program saves it that counts colours: the background is index 1. `above: 127` reads the colours."""
    save(tmp_path / "images/a.png", picture())
    image = Image.fromarray((~disc()).astype(np.uint8), "P")
    image.putpalette([255, 255, 255, 0, 0, 0])
    (tmp_path / "masks").mkdir()
    image.save(tmp_path / "masks/a.png")
    by_label = loaded(tmp_path, "a.png", "a.png")
    assert int(truth(by_label).sum()) == SIDE * SIDE - OBJECT_PX
    assert lines(by_label) == [("object", "warning", "palette")]
    by_colour = loaded(tmp_path, "a.png", "a.png", tasks={"object": {"above": 127}})
    assert np.array_equal(truth(by_colour), disc())
    assert lines(by_colour) == []


@pytest.mark.parametrize("task", ["any", {"above": 127}])
def test_an_object_in_the_alpha_channel_is_an_error(tmp_path: Path, task: Any) -> None:
    """It is not the whole image."""
    save(tmp_path / "images/a.png", picture())
    save(tmp_path / "masks/a.png", np.dstack([np.full((SIDE, SIDE), 255, np.uint8)] * 3 + [disc() * np.uint8(255)]))
    result = loaded(tmp_path, "a.png", "a.png", tasks={"object": task})
    assert result.samples == []
    assert lines(result) == [("object", "error", "content in alpha")]


DIFFER = ("object", "warning", "orientation tags differ")
TURNED = (None, "warning", "orientation tag")


@pytest.mark.parametrize(
    ("image", "mask", "expected"),
    [
        (1, 1, []),
        (3, 3, [TURNED]),
        (6, 6, [TURNED]),
        (3, 1, [TURNED, DIFFER]),
        (1, 4, [DIFFER]),
        (6, 8, [TURNED, DIFFER]),
    ],
)
def test_orientation_tags(tmp_path: Path, image: int, mask: int, expected: list[tuple[str | None, str, str]]) -> None:
    """Image and mask are used as stored. A tag of the image other than 1, and tags that differ, are warnings."""
    write(tmp_path / "images/a.tif", tiff(picture()[..., None], orientation=image))
    write(tmp_path / "masks/a.tif", tiff(disc().astype(np.uint8)[..., None], orientation=mask))
    result = loaded(tmp_path, "a.tif", "a.tif")
    assert np.array_equal(truth(result), disc())
    assert lines(result) == expected


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_one_rule_of_orientation_for_all_formats(tmp_path: Path, suffix: str) -> None:
    """An image with the tag 6, whose height and width viewers exchange, and a mask without a tag."""
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "images").mkdir()
    Image.fromarray(picture()[:, :20]).save(tmp_path / f"images/a.{suffix}", exif=exif)
    save(tmp_path / "masks/a.png", disc()[:, :20].astype(np.uint8))
    result = loaded(tmp_path, f"a.{suffix}", "a.png")
    assert result.samples[0].image_HWC.shape == (SIDE, 20, 3)
    assert np.array_equal(truth(result), disc()[:, :20])
    assert lines(result) == [TURNED, DIFFER]


def test_labels_in_a_jpeg_are_a_warning_and_a_threshold_is_none(tmp_path: Path) -> None:
    """`any` takes pixels around the object too; `above: 127` takes the object."""
    save(tmp_path / "images/a.png", picture())
    (tmp_path / "masks").mkdir()
    Image.fromarray(disc() * np.uint8(255)).save(tmp_path / "masks/a.jpg", quality=85)
    by_label = loaded(tmp_path, "a.png", "a.jpg")
    assert ("object", "warning", "lossy labels") in lines(by_label)
    assert int(truth(by_label).sum()) > OBJECT_PX
    by_threshold = loaded(tmp_path, "a.png", "a.jpg", tasks={"object": {"above": 127}})
    assert np.array_equal(truth(by_threshold), disc())
    assert lines(by_threshold) == []


@pytest.mark.parametrize("role", ["images", "masks"])
def test_a_file_that_was_not_fetched_is_an_error_that_says_so(tmp_path: Path, role: str) -> None:
    """`validate` and the run name the command that fetches it."""
    save(tmp_path / "images/a.png", picture())
    save(tmp_path / "masks/a.png", disc().astype(np.uint8))
    write(tmp_path / role / "a.png", b"version https://git-lfs.github.com/spec/v1\noid sha256:0f\nsize 9\n")
    (line,) = loaded(tmp_path, "a.png", "a.png").left_out
    assert (line.kind, line.reason) == ("error", f"unreadable {role[:-1]}")
    assert line.detail.startswith(f"{tmp_path}/{role}/a.png: a Git LFS pointer: not fetched (`git lfs pull`)")
