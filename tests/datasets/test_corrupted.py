"""198 damaged files, as images and as masks: each becomes a sample or a line of the ledger, and none raises an error.

A flipped bit may leave a file valid if its format has no checksum; if it has one, the flip is found.
"""

from pathlib import Path

import numpy as np
import pytest

from job.datasets.check import check_headers, look_inside, raw_slices
from job.datasets.discover import discover
from job.datasets.load import Loaded, load
from job.errors import DataError
from job.storage import InputCache
from tests.datasets.corruption import CHECKED, DAMAGES, FORMATS, damaged, flip, labels, noise
from tests.datasets.make import MAX_PX, dataset, write

GZIP_HEADER = 10  # bytes; says nothing about the content
ROLES = ("images", "masks")
WARNED = {
    "bits.png": {"warning: blank image"},
    "grey.jpg": {"warning: lossy labels"},
    "jpeg.tif": {"warning: lossy labels"},
}
SOUND = {"images": noise(), "masks": labels()}


def outcomes(folder: Path, name: str, role: str, data: bytes) -> list[str]:
    """Plan, check and load an image and its mask, of which one holds `data` and the other is sound."""
    for subfolder in ROLES:
        write(folder / subfolder / name, data if subfolder == role else FORMATS[name](SOUND[subfolder]))
    cache = InputCache(folder / "cache", 1 << 30)
    spec = dataset(folder, images=f"{folder}/images/{name}")
    (source,) = discover(spec)
    try:
        slices = raw_slices(spec, source)
    except DataError:
        slices = (0,)
    check_headers(spec, source, cache, MAX_PX)
    look_inside(spec, source, cache, MAX_PX)
    return in_words(load(spec, source, slices, cache, MAX_PX))


def in_words(loaded: Loaded) -> list[str]:
    """Return `sample` for each sample, then kind and reason of each line of the ledger."""
    return ["sample"] * len(loaded.samples) + [f"{line.kind}: {line.reason}" for line in loaded.left_out]


@pytest.mark.parametrize("name", FORMATS)
def test_sound_files_become_samples(tmp_path: Path, name: str) -> None:
    """Without this, the tests below would show nothing. An image of two greys, or labels in a JPEG, have a warning."""
    words = set(outcomes(tmp_path, name, "images", FORMATS[name](noise())))
    assert words == {"sample"} | WARNED.get(name, set())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_evaluated_or_in_the_ledger(tmp_path: Path, name: str, damage: str) -> None:
    """Whatever the damage is, and whether the file is the image or the mask."""
    for role in ROLES:
        assert outcomes(tmp_path, name, role, damaged(name, damage, SOUND[role]))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 21))
def test_thousands_of_damaged_files(tmp_path: Path, seed: int) -> None:
    """The same with other seeds of the damage."""
    for name in FORMATS:
        for damage in DAMAGES:
            for role in ROLES:
                assert outcomes(tmp_path, name, role, damaged(name, damage, SOUND[role], seed))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", CHECKED)
def test_a_checksum_finds_every_flipped_bit(tmp_path: Path, name: str, role: str) -> None:
    """Also in pixels that are not compressed. A header that makes no sense is found before its checksum is reached."""
    sound, random = FORMATS[name](SOUND[role]), np.random.default_rng(0)
    for _ in range(20):
        data = flip(sound, random, first=GZIP_HEADER)
        (outcome,) = outcomes(tmp_path, name, role, data)
        assert outcome in (f"error: unreadable {role[:-1]}", "error: unusable affine", "error: too large")


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.endswith(".tif")])
def test_a_file_truncated_anywhere_is_unreadable(tmp_path: Path, name: str) -> None:
    """From 0 bytes to all but one. The last two bytes of a JPEG hold no data; those of a TIFF may hold none."""
    sound = FORMATS[name](noise())
    longest = len(sound) - (3 if name.endswith(".jpg") else 1)
    lengths = [*range(0, 64, 7), *np.linspace(64, longest, 30, dtype=int)]
    for length in lengths:
        assert outcomes(tmp_path, name, "images", sound[:length]) == ["error: unreadable image"], length


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_with_the_suffix_of_another_format(tmp_path: Path, name: str) -> None:
    """2D formats are recognised by their content, volumes by their name."""
    data = FORMATS[name](noise())
    for other in ("other.png", "other.nii", "other.nii.gz"):
        is_volume = ".nii" in name
        expected = {"sample"} if is_volume == (".nii" in other) else {"error: unreadable image"}
        write(tmp_path / "masks" / other, FORMATS["one.nii" if ".nii" in other else "grey.png"](labels()))
        write(tmp_path / "images" / other, data)
        spec = dataset(tmp_path, images=f"{tmp_path}/images/{other}", intensity={"scale": "minmax"})
        (source,) = discover(spec)
        words = set(in_words(load(spec, source, None, InputCache(tmp_path, 1), MAX_PX)))
        assert words - {"warning: blank image"} == expected
