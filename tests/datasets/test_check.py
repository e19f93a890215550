"""What is known about a data set before a run."""

from pathlib import Path

import numpy as np
import pytest

from job import storage
from job.datasets.check import Content, check_headers, look_inside
from job.datasets.discover import discover
from job.storage import InputCache
from job.study.dataset import Dataset
from tests.datasets.make import dataset, grey, ledger, load, nifti, pair, png, save, square, stored_as, volumes, write


def header_errors(data: Dataset, folder: Path, max_px: int = 1000) -> list[tuple[int, str | None, str, str]]:
    (source,) = discover(data)
    return ledger(check_headers(data, source, InputCache(folder / "cache", 1 << 20), max_px))


def content(data: Dataset, folder: Path) -> Content:
    (source,) = discover(data)
    return look_inside(data, source, InputCache(folder / "cache", 1 << 20), 1000)


def test_sound_headers_have_no_error(tmp_path: Path) -> None:
    """Those of images and of volumes."""
    pair(tmp_path, grey(), square())
    assert header_errors(dataset(tmp_path), tmp_path) == []
    volumes(tmp_path / "v", np.ones((3, 4, 5), np.int16), np.ones((3, 4, 5), np.uint8))
    assert header_errors(dataset(tmp_path / "v"), tmp_path) == []


def test_errors_of_image_headers(tmp_path: Path) -> None:
    """A mask of another size, a missing mask, an image that is too large, an unreadable image."""
    pair(tmp_path, grey(), square(4, 7))
    tasks = {"size": 1, "gone": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"}}
    data = dataset(tmp_path, tasks=tasks)
    assert header_errors(data, tmp_path) == [
        (0, "size", "error", "size mismatch"),
        (0, "gone", "error", "mask missing"),
    ]
    assert header_errors(data, tmp_path, max_px=23) == [(0, None, "error", "too large")]
    write(tmp_path / "images/a.png", b"")
    assert header_errors(data, tmp_path) == [(0, None, "error", "unreadable image")]


def test_errors_of_volume_headers(tmp_path: Path) -> None:
    """A 4D mask, and a mask of another shape in canonical order."""
    nifti(tmp_path / "images/a.nii.gz", np.ones((3, 4, 5), np.int16))
    for shape, reason in (((3, 4, 5, 2), "several volumes"), ((3, 5, 4), "size mismatch")):
        nifti(tmp_path / "masks/a.nii.gz", np.ones(shape, np.uint8))
        assert header_errors(dataset(tmp_path), tmp_path) == [(0, "object", "error", reason)]


def test_too_large_volumes_are_known_from_their_headers(tmp_path: Path) -> None:
    """A coronal slice has 5 x 3 pixels."""
    volumes(tmp_path, np.ones((3, 4, 5), np.int16), np.ones((3, 4, 5), np.uint8))
    data = dataset(tmp_path, slices={"axis": "coronal"})
    assert header_errors(data, tmp_path, max_px=15) == []
    assert header_errors(data, tmp_path, max_px=14) == [(0, None, "error", "too large")]


def test_a_volume_as_mask_of_a_2d_image_is_an_error(tmp_path: Path) -> None:
    """Also if the mask is unreadable: the run does not open it."""
    save(tmp_path / "images/a.png", grey())
    write(tmp_path / "masks/a.nii", b"")
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}.nii")
    assert header_errors(data, tmp_path) == ledger(load(data, tmp_path).left_out)
    assert header_errors(data, tmp_path) == [(0, "object", "error", "size mismatch")]


def test_a_mask_that_may_be_mirrored_is_an_error(tmp_path: Path) -> None:
    """As in a run: the unit matrix beside an LPS image."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(np.ones((3, 4, 5), np.int16), "LPS"))
    nifti(tmp_path / "masks/a.nii.gz", np.ones((3, 4, 5), np.uint8))
    assert header_errors(dataset(tmp_path), tmp_path) == [(0, "object", "error", "affines differ")]


def test_only_headers_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without pixels passes; the run finds it."""
    write(tmp_path / "images/a.png", png([], 6, 8, 0, height=4))
    save(tmp_path / "masks/a.png", square())
    monkeypatch.setattr(storage, "read", lambda address: pytest.fail(f"read {address}"))
    assert header_errors(dataset(tmp_path), tmp_path) == []


def test_the_header_of_a_shared_mask_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image and mask of two tasks are two reads."""
    pair(tmp_path, grey(), square())
    addresses: list[str] = []
    read_head = storage.read_head
    monkeypatch.setattr(storage, "read_head", lambda name, length: addresses.append(name) or read_head(name, length))
    assert header_errors(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}), tmp_path) == []
    assert addresses == [f"{tmp_path}/images/a.png", f"{tmp_path}/masks/a.png"]


def test_the_tasks_whose_object_occurs(tmp_path: Path) -> None:
    """The mask holds label 2 alone; a missing mask is an error."""
    pair(tmp_path, grey(), square(label=2))
    tasks = {
        "liver": 1,
        "spleen": 2,
        "gone": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"},
        "bright": {"above": 200},
    }
    inside = content(dataset(tmp_path, tasks=tasks), tmp_path)
    assert inside.tasks == {"spleen"}
    assert ledger(inside.findings) == [(0, "gone", "error", "mask missing")]


def test_an_unreadable_image_has_no_tasks(tmp_path: Path) -> None:
    """Its masks are not read."""
    pair(tmp_path, grey(), square())
    write(tmp_path / "images/a.png", b"text")
    inside = content(dataset(tmp_path), tmp_path)
    assert (inside.tasks, ledger(inside.findings)) == (set(), [(0, None, "error", "unreadable image")])


@pytest.mark.parametrize("voxel", [(0, 0, 0), (2, 3, 4)])
def test_all_slices_of_a_volume_are_read(tmp_path: Path, voxel: tuple[int, int, int]) -> None:
    """The object may be in the first slice or in the last."""
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[voxel] = 7
    volumes(tmp_path, np.arange(60, dtype=np.int16).reshape(3, 4, 5), labels)
    inside = content(dataset(tmp_path, tasks={"seven": 7, "eight": 8}), tmp_path)
    assert (inside.tasks, inside.findings) == ({"seven"}, [])
