"""What palettes and alpha leave in doubt, in every format that has them."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from job.errors import DataError
from tests.datasets.make import MAX_PX, grey, save, square
from tests.datasets.pictures import read_image, read_mask

BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
INDICES = np.array([[0, 1, 0], [1, 1, 0]], np.uint8)


def palette_file(path: Path, indices: NDArray[np.uint8], *colours: tuple[int, int, int]) -> Path:
    image = Image.fromarray(indices, "P")
    image.putpalette([value for colour in colours for value in colour])
    image.save(path)
    return path


def reasons(path: Path) -> list[str]:
    return [doubt.reason for doubt in read_mask(path, MAX_PX).doubts]


@pytest.mark.parametrize("name", ["a.png", "a.gif", "a.tif", "a.bmp"])
def test_a_palette_whose_index_0_is_not_the_darkest_is_doubted(tmp_path: Path, name: str) -> None:
    """Labels are the indices as stored; a background of index 0 is mostly black."""
    path = palette_file(tmp_path / name, INDICES, WHITE, BLACK)
    picture = read_mask(path, MAX_PX)
    assert np.array_equal(picture.values, INDICES)
    (doubt,) = picture.doubts
    assert doubt.reason == "palette"
    assert doubt.detail.startswith("index 0 is white, index 1 is darker (RGB 0, 0, 0)")
    assert "`above: 127`" in doubt.detail
    assert reasons(palette_file(tmp_path / f"b{path.suffix}", INDICES, BLACK, WHITE)) == []


def test_the_palette_is_compared_among_the_indices_in_use(tmp_path: Path) -> None:
    """Unused colours, often black, count for nothing. Two equal colours are no doubt."""
    assert reasons(palette_file(tmp_path / "a.png", INDICES, RED, WHITE, BLACK)) == []
    assert reasons(palette_file(tmp_path / "b.png", INDICES * 2, RED, WHITE, BLACK)) == ["palette"]
    assert reasons(palette_file(tmp_path / "c.png", INDICES, RED, RED)) == []


def test_the_palette_of_an_image_is_no_doubt(tmp_path: Path) -> None:
    """An image is its colours."""
    picture = read_image(palette_file(tmp_path / "a.png", INDICES, WHITE, BLACK), MAX_PX)
    assert picture.values[0].tolist() == [[255] * 3, [0] * 3, [255] * 3]
    assert picture.doubts == ()


@pytest.mark.parametrize("read", [read_mask, read_image])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_an_object_in_the_alpha_alone_is_refused(tmp_path: Path, name: str, channels: int, read: object) -> None:
    """All colours are white; the object is what is opaque."""
    path = save(tmp_path / name, np.dstack([np.full((4, 6), 255, np.uint8)] * channels + [square() * 255]))
    with pytest.raises(DataError, match="only the alpha channel") as caught:
        read(path, MAX_PX)
    assert caught.value.reason == "content in alpha"


def test_an_object_in_an_undeclared_fourth_channel_is_refused(tmp_path: Path) -> None:
    """ExtraSamples 0 says that the channel's meaning is unknown."""
    values = np.dstack([np.full((4, 6), 255, np.uint8)] * 3 + [square() * 255])
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", extrasamples=[0])
    with pytest.raises(DataError) as caught:
        read_mask(tmp_path / "a.tif", MAX_PX)
    assert caught.value.reason == "content in alpha"


@pytest.mark.parametrize("alpha", [0, 9, 255])
def test_an_alpha_that_does_not_vary_is_dropped(tmp_path: Path, alpha: int) -> None:
    """It holds nothing."""
    path = save(tmp_path / "a.png", np.dstack([square() * 255] * 3 + [np.full((4, 6), alpha, np.uint8)]))
    picture = read_mask(path, MAX_PX)
    assert np.array_equal(picture.values[..., 0], square() * 255)
    assert picture.doubts == ()


def test_labels_under_transparent_pixels_are_doubted(tmp_path: Path) -> None:
    """Viewers do not show them. An alpha that agrees with the labels is no doubt."""
    labels = square()
    hidden = labels.copy()
    hidden[0, :3] = 1
    (doubt,) = read_mask(save(tmp_path / "a.png", np.dstack([hidden, labels * 255])), MAX_PX).doubts
    assert (doubt.reason, doubt.detail.split(" that")[0]) == ("alpha", "3 pixels")
    assert reasons(save(tmp_path / "b.png", np.dstack([labels, labels * 255]))) == []


def test_a_gif_of_one_frame_is_read(tmp_path: Path) -> None:
    """Its indices are labels, its colours an image."""
    path = palette_file(tmp_path / "a.gif", INDICES, BLACK, RED)
    assert np.array_equal(read_mask(path, MAX_PX).values, INDICES)
    assert read_image(path, MAX_PX).values[0].tolist() == [list(BLACK), list(RED), list(BLACK)]


def test_a_gif_of_several_frames_is_refused(tmp_path: Path) -> None:
    """Which of them is meant is not guessed."""
    frames = [Image.fromarray(grey() + step) for step in (0, 100)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with pytest.raises(DataError, match="in the GIF file") as caught:
        read_image(tmp_path / "a.gif", MAX_PX)
    assert caught.value.reason == "several frames"
