"""What is said about a data set before a run."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job import datasets, storage
from job.storage import InputCache
from job.study.dataset import Dataset
from tests.datasets.make import dataset, grey, ledger, nifti, pair, png, save, square, stored_as, volumes, write


def headers(data: Dataset, folder: Path, max_px: int = 1000) -> list[Any]:
    (source,) = datasets.discover(data)
    return ledger(list(datasets.check_headers(data, source, InputCache(folder / "cache", 1 << 20), max_px)))


def present(data: Dataset, folder: Path) -> list[Any]:
    (source,) = datasets.discover(data)
    content = datasets.look_inside(data, source, InputCache(folder / "cache", 1 << 20), 1000)
    return [*content.tasks, *((line.task, line.reason) for line in content.findings)]


def test_sound_files_give_no_line(tmp_path: Path) -> None:
    """Images and volumes."""
    pair(tmp_path, grey(), square())
    assert headers(dataset(tmp_path), tmp_path) == []
    volumes(tmp_path / "v", np.ones((3, 4, 5), np.int16), np.ones((3, 4, 5), np.uint8))
    assert headers(dataset(tmp_path / "v"), tmp_path) == []


def test_faults_of_headers(tmp_path: Path) -> None:
    """Unreadable, missing, of another size, too large."""
    pair(tmp_path, grey(), square(4, 7))
    tasks = {"size": 1, "gone": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"}}
    data = dataset(tmp_path, tasks=tasks)
    assert headers(data, tmp_path) == [(0, "size", "error", "size mismatch"), (0, "gone", "error", "mask missing")]
    assert headers(data, tmp_path, max_px=23) == [(0, None, "error", "too large")]
    write(tmp_path / "images/a.png", b"")
    assert headers(data, tmp_path) == [(0, None, "error", "unreadable image")]


def test_faults_of_volume_headers(tmp_path: Path) -> None:
    """4D masks, and masks of another shape in canonical order."""
    nifti(tmp_path / "images/a.nii.gz", np.ones((3, 4, 5), np.int16))
    for shape, reason in (((3, 4, 5, 2), "several volumes"), ((3, 5, 4), "size mismatch")):
        nifti(tmp_path / "masks/a.nii.gz", np.ones(shape, np.uint8))
        assert headers(dataset(tmp_path), tmp_path) == [(0, "object", "error", reason)]


def test_a_mask_that_may_be_mirrored(tmp_path: Path) -> None:
    """As a run refuses it: the unit matrix beside an LPS image."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(np.ones((3, 4, 5), np.int16), "LPS"))
    nifti(tmp_path / "masks/a.nii.gz", np.ones((3, 4, 5), np.uint8))
    assert headers(dataset(tmp_path), tmp_path) == [(0, "object", "error", "affines differ")]


def test_headers_alone_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files without their pixels pass: that is for the run to find."""
    write(tmp_path / "images/a.png", png([], 6, 8, 0, height=4))
    save(tmp_path / "masks/a.png", square())
    monkeypatch.setattr(storage, "read", lambda address: pytest.fail(f"read {address}"))
    assert headers(dataset(tmp_path), tmp_path) == []


def test_tasks_whose_object_occurs(tmp_path: Path) -> None:
    """Of labels 1 and 2, a mask holds 2; a mask that is faulty has a line."""
    pair(tmp_path, grey(), square(label=2))
    tasks = {"one": 1, "two": 2, "gone": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"}, "bright": {"above": 200}}
    assert present(dataset(tmp_path, tasks=tasks), tmp_path) == ["two", ("gone", "mask missing")]


def test_a_volume_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    """The object may be in any slice."""
    labels = np.zeros((3, 4, 5), np.uint8)
    labels[2, 3, 4] = 7
    volumes(tmp_path, np.ones((3, 4, 5), np.int16), labels)
    assert present(dataset(tmp_path, tasks={"seven": 7, "eight": 8}), tmp_path) == ["seven"]
