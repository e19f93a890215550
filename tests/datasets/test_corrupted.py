"""198 files gone wrong, as images and as masks: each gives samples or lines of the ledger; none raises, none vanishes.

A flipped bit may leave a file valid where its format has no checksum; where it has one, the flip is found.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job import datasets
from job.datasets import Sample
from job.errors import DataError
from job.storage import InputCache
from tests.datasets.corruption import CHECKED, DAMAGES, FORMATS, damaged, flip, labels, noise
from tests.datasets.make import MAX_PX, dataset, items, write

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")

GZIP_HEADER = 10  # bytes; says nothing about the content
ROLES = ("images", "masks")
SOUND = {"images": noise(), "masks": labels()}


def found(folder: Path, name: str, role: str, data: bytes) -> list[Any]:
    """All that comes of a pair of files, of which one holds `data`, by the way of a plan, a check and a run."""
    for one in ROLES:
        write(folder / one / name, data if one == role else FORMATS[name](SOUND[one]))
    cache = InputCache(folder / "cache", 1 << 30)
    spec = dataset(folder, images=f"{folder}/images/{name}")
    (source,) = datasets.discover(spec)
    try:
        slices = datasets.raw_slices(spec, source)
    except DataError:
        slices = (0,)
    list(datasets.check_headers(spec, source, cache, MAX_PX))
    datasets.look_inside(spec, source, cache, MAX_PX)
    return items(spec, source, slices, cache, MAX_PX)


def reasons(found: list[Any]) -> list[str]:
    return ["sample" if isinstance(item, Sample) else f"{item.kind}: {item.reason}" for item in found]


@pytest.mark.parametrize("name", FORMATS)
def test_sound_files_give_samples(tmp_path: Path, name: str) -> None:
    """Else the tests below would say nothing."""
    assert set(reasons(found(tmp_path, name, "images", FORMATS[name](noise())))) == {"sample"}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_used_or_in_the_ledger(tmp_path: Path, name: str, damage: str) -> None:
    """Whatever happened to it, and whether it is the image or the mask."""
    for role in ROLES:
        assert found(tmp_path, name, role, damaged(name, damage, SOUND[role]))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 21))
def test_thousands_of_damaged_files(tmp_path: Path, seed: int) -> None:
    """The same with other damage."""
    for name in FORMATS:
        for damage in DAMAGES:
            for role in ROLES:
                assert found(tmp_path, name, role, damaged(name, damage, SOUND[role], seed))


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", CHECKED)
def test_a_checksum_finds_every_flipped_bit(tmp_path: Path, name: str, role: str) -> None:
    """Also in pixels that are stored as they are."""
    sound, random = FORMATS[name](SOUND[role]), np.random.default_rng(0)
    for _ in range(20):
        data = flip(sound, random, first=GZIP_HEADER)
        assert reasons(found(tmp_path, name, role, data)) == [f"error: unreadable {role[:-1]}"]


@pytest.mark.parametrize("name", [name for name in FORMATS if not name.endswith(".tif")])
def test_a_file_cut_off_anywhere_is_unreadable(tmp_path: Path, name: str) -> None:
    """From no byte at all to all but one. The last two of a JPEG hold nothing; nor may the end of a TIFF."""
    sound = FORMATS[name](noise())
    longest = len(sound) - (3 if name.endswith(".jpg") else 1)
    lengths = [*range(0, 64, 7), *np.linspace(64, longest, 30, dtype=int)]
    for length in lengths:
        assert reasons(found(tmp_path, name, "images", sound[:length])) == ["error: unreadable image"], length


@pytest.mark.parametrize("name", FORMATS)
def test_a_wrong_ending(tmp_path: Path, name: str) -> None:
    """2D formats are known by their content; a volume is one by its name, and nothing else is."""
    data = FORMATS[name](noise())
    for other in ("other.png", "other.nii", "other.nii.gz"):
        is_volume = ".nii" in name
        expected = {"sample"} if is_volume == (".nii" in other) else {"error: unreadable image"}
        write(tmp_path / "masks" / other, FORMATS["one.nii" if ".nii" in other else "grey.png"](labels()))
        write(tmp_path / "images" / other, data)
        spec = dataset(tmp_path, images=f"{tmp_path}/images/{other}", intensity={"scale": "minmax"})
        (source,) = datasets.discover(spec)
        assert set(reasons(items(spec, source, None, InputCache(tmp_path, 1), MAX_PX))) == expected
