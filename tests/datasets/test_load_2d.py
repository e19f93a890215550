"""2D sources to samples and lines of the ledger."""

from pathlib import Path

import fsspec
import numpy as np
import pytest

from job import datasets
from job.errors import StorageError
from job.storage import InputCache
from tests.datasets.make import dataset, grey, ledger, load, pair, png, samples, save, square, volumes, write
from tests.shared import SHARED, needs_shared


def test_one_image(tmp_path: Path) -> None:
    """All that a sample carries."""
    pair(tmp_path, grey(), square())
    (sample,) = load(dataset(tmp_path), tmp_path)
    assert (sample.dataset, sample.modality, sample.image) == ("Test", "MRI", "a.png")
    assert (sample.axis, sample.slice, sample.volume, sample.patient) == ("none", 0, "a.png", "a.png")
    assert sample.intensity == "max/slice"
    assert sample.image_HWC.shape == (4, 6, 3)
    assert sample.image_HWC.dtype == np.uint8
    assert sample.image_HWC[0, :, 0].tolist() == [int(value / 23 * 255) for value in range(6)]
    (obj,) = sample.objects
    assert obj.task == "object"
    assert np.array_equal(obj.truth_HW, square() == 1)


def test_each_task_is_an_object_of_the_same_label_map(tmp_path: Path) -> None:
    """Two tasks, one file: each has its own truth, both the same labelled; label 7 is normal."""
    pair(tmp_path, grey(), np.array([[0, 1, 2, 7, 0, 0]] * 4, np.uint8))
    (sample,) = load(dataset(tmp_path, tasks={"one": 1, "two": 2}), tmp_path)
    assert [obj.task for obj in sample.objects] == ["one", "two"]
    assert [obj.truth_HW[0].tolist().index(True) for obj in sample.objects] == [1, 2]
    assert all(obj.labelled_HW[0].tolist() == [False, True, True, True, False, False] for obj in sample.objects)


def test_mask_file_of_its_own(tmp_path: Path) -> None:
    """Labelled is what is labelled in the file that the task was read from."""
    pair(tmp_path, grey(), square())
    save(tmp_path / "other/a.png", np.full((4, 6), 3, np.uint8))
    tasks = {"one": 1, "own": {"label": 3, "masks": f"{tmp_path}/other/{{stem}}.png"}}
    (sample,) = load(dataset(tmp_path, tasks=tasks), tmp_path)
    assert [int(obj.labelled_HW.sum()) for obj in sample.objects] == [4, 24]


def test_above_on_the_image_itself(tmp_path: Path) -> None:
    """`{masks: "{image}", above: 20}` takes the image's own values, stored as RGB too."""
    for name, values in (("grey.png", grey()), ("rgb.png", np.dstack([grey()] * 3))):
        save(tmp_path / "images" / name, values)
    data = dataset(tmp_path, tasks={"bright": {"masks": "{image}", "above": 20}})
    assert [int(s.objects[0].truth_HW.sum()) for s in samples(load(data, tmp_path))] == [3, 3]


def test_all_zero_mask_is_empty_not_an_error(tmp_path: Path) -> None:
    """Each task without its object has its line."""
    pair(tmp_path, grey(), square() * 0)
    items = load(dataset(tmp_path, tasks={"one": 1, "two": 2}), tmp_path)
    assert ledger(items) == [(0, "one", "empty", "no object"), (0, "two", "empty", "no object")]


def test_empty_beside_an_object_names_the_labels(tmp_path: Path) -> None:
    """Of two tasks one is there; the other's line says what is."""
    pair(tmp_path, grey(), square(label=255))
    items = load(dataset(tmp_path, tasks={"any": "any", "one": 1}), tmp_path)
    assert ledger(items) == [(0, "one", "empty", "no object")]
    assert items[0].detail == "the labels here are 0, 255"
    assert [obj.task for obj in items[1].objects] == ["any"]


def test_constant_image_is_evaluated_and_noted(tmp_path: Path) -> None:
    """Zeros, with a warning."""
    pair(tmp_path, grey() * 0 + 7, square())
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(0, None, "warning", "constant image")]
    assert not samples(items)[0].image_HWC.any()


def test_nan_image(tmp_path: Path) -> None:
    """A value that is no number makes the image an error."""
    values = grey().astype(np.float32)
    values[0, 0] = np.nan
    pair(tmp_path, values, square(), "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path)) == [(0, None, "error", "non-finite values")]


def test_negative_values(tmp_path: Path) -> None:
    """CT stored as TIFF under `scale: max`."""
    pair(tmp_path, grey().astype(np.int32) - 1000, square().astype(np.int32), "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path)) == [(0, None, "error", "negative values")]
    windowed = dataset(tmp_path, intensity={"window": (-990, 20)})
    assert len(samples(load(windowed, tmp_path))) == 1


@pytest.mark.parametrize("data", [b"", b"text", png([b"\0" * 6] * 4, 6, 8, 0)[:45]])
def test_faulty_image_is_one_line(tmp_path: Path, data: bytes) -> None:
    """Zero bytes, no image, or cut off: one error, whatever the number of tasks."""
    save(tmp_path / "masks/a.png", square())
    path = write(tmp_path / "images/a.png", data)
    items = load(dataset(tmp_path, tasks={"one": 1, "two": 2}), tmp_path)
    assert ledger(items) == [(0, None, "error", "unreadable image")]
    assert str(path) in items[0].detail


def test_faulty_mask_leaves_the_other_tasks(tmp_path: Path) -> None:
    """One task's mask is missing, another's damaged: each has its line, the third is evaluated."""
    pair(tmp_path, grey(), square())
    write(tmp_path / "bad/a.png", b"text")
    tasks = {
        "missing": {"label": 1, "masks": f"{tmp_path}/none/{{name}}"},
        "damaged": {"label": 1, "masks": f"{tmp_path}/bad/{{name}}"},
        "sound": 1,
    }
    items = load(dataset(tmp_path, tasks=tasks), tmp_path)
    assert ledger(items) == [(0, "missing", "error", "mask missing"), (0, "damaged", "error", "unreadable mask")]
    assert f"{tmp_path}/none/{{name}}" in items[0].detail
    assert [obj.task for obj in items[2].objects] == ["sound"]


def test_image_and_mask_of_different_size(tmp_path: Path) -> None:
    """Nothing is resized."""
    pair(tmp_path, grey(), square(4, 7))
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(0, "object", "error", "size mismatch")]
    assert items[0].detail.endswith("the image is 4 x 6, the mask 4 x 7")


def test_float_labels(tmp_path: Path) -> None:
    """A probability map where labels are asked."""
    pair(tmp_path, grey(), square().astype(np.float32) / 2, "a.tif")
    assert ledger(load(dataset(tmp_path), tmp_path)) == [(0, "object", "error", "labels are no whole numbers")]


def test_image_bomb(tmp_path: Path) -> None:
    """A header that claims 100,000 x 100,000 pixels."""
    write(tmp_path / "images/a.png", png([b"\0"], 100_000, 8, 0, height=100_000))
    save(tmp_path / "masks/a.png", square())
    assert ledger(load(dataset(tmp_path), tmp_path)) == [(0, None, "error", "too large")]


def test_binary255(tmp_path: Path) -> None:
    """Only 255 counts, as label 1."""
    pair(tmp_path, grey(), np.array([[0, 1, 128, 255, 255, 254]] * 4, np.uint8))
    (sample,) = load(dataset(tmp_path, labels="binary255", tasks={"object": 1}), tmp_path)
    assert sample.objects[0].truth_HW[0].tolist() == [False, False, False, True, True, False]


def test_storage_errors_pass_through(tmp_path: Path) -> None:
    """A file that went away since the listing is no faulty file: the caller decides."""
    pair(tmp_path, grey(), square())
    (source,) = datasets.discover(dataset(tmp_path))
    (tmp_path / "images/a.png").unlink()
    with pytest.raises(StorageError):
        list(datasets.load(dataset(tmp_path), source, (0,), InputCache(tmp_path / "c", 1), 100))


def test_remote_files_give_the_same_samples(tmp_path: Path) -> None:
    """Through the cache, from any store; image addresses and values do not change."""
    pair(tmp_path, grey(), square())
    volumes(tmp_path, np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.ones((3, 4, 5), np.uint8))
    store = fsspec.filesystem("memory")
    for path in tmp_path.glob("*/a.*"):
        store.pipe_file(f"/remote/set/{path.parent.name}/{path.name}", path.read_bytes())
    remote = {"images": "memory://remote/set/images/*", "masks": "memory://remote/set/masks/{name}"}
    here = samples(load(dataset(tmp_path), tmp_path))
    there = samples(load(dataset(tmp_path, **remote), tmp_path))
    assert len(here) == 6
    assert [(s.image, s.slice, s.volume) for s in here] == [(s.image, s.slice, s.volume) for s in there]
    assert all(np.array_equal(a.image_HWC, b.image_HWC) for a, b in zip(here, there, strict=True))


@needs_shared
@pytest.mark.parametrize(("folder", "count"), [("hip-xray", 5), ("cervix-ct", 5), ("heart-mri", 3), ("retina-octa", 5)])
def test_real_slices(tmp_path: Path, folder: str, count: int) -> None:
    """Every slice of the shared data has its object, 256 x 256, and nothing is left out."""
    items = load(dataset(SHARED / "data" / folder, labels="binary255", tasks={"object": 1}), tmp_path)
    assert len(samples(items)) == count
    assert ledger(items) == []
    assert all(sample.image_HWC.shape == (256, 256, 3) for sample in items)
