"""2D images become samples and lines of the ledger."""

from pathlib import Path

import fsspec
import numpy as np
import pytest
from PIL import Image

from job.datasets import load as load_module
from job.datasets.discover import discover
from job.errors import StorageError
from job.storage import InputCache
from tests.datasets.make import dataset, grey, load, pair, save, square, volumes
from tests.shared import SHARED, needs_shared


def test_a_sample_of_an_image(tmp_path: Path) -> None:
    """A sample carries names from the spec, the image as uint8 RGB, and the objects of its tasks."""
    pair(tmp_path, grey(), square())
    (sample,) = load(dataset(tmp_path), tmp_path).samples
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
    """Each of two tasks has its own truth; both have the same labelled pixels, those of label 7 too."""
    pair(tmp_path, grey(), np.array([[0, 1, 2, 7, 0, 0]] * 4, np.uint8))
    (sample,) = load(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}), tmp_path).samples
    assert [obj.task for obj in sample.objects] == ["liver", "spleen"]
    assert [obj.truth_HW[0].tolist().index(True) for obj in sample.objects] == [1, 2]
    assert all(obj.labelled_HW[0].tolist() == [False, True, True, True, False, False] for obj in sample.objects)


def test_the_patient_comes_from_its_template(tmp_path: Path) -> None:
    """Image and volume stay the image's own address."""
    pair(tmp_path, grey(), square(), "p07_3.png")
    pattern = f"{tmp_path}/images/{{case}}_{{n}}.png"
    (sample,) = load(dataset(tmp_path, images=pattern, patient="{case}"), tmp_path).samples
    assert (sample.image, sample.volume, sample.patient) == ("p07_3.png", "p07_3.png", "p07")


def test_a_task_may_have_its_own_mask_file(tmp_path: Path) -> None:
    """Its labelled pixels are those of its own file."""
    pair(tmp_path, grey(), square())
    save(tmp_path / "other/a.png", np.full((4, 6), 3, np.uint8))
    tasks = {"shared": 1, "own": {"label": 3, "masks": f"{tmp_path}/other/{{stem}}.png"}}
    (sample,) = load(dataset(tmp_path, tasks=tasks), tmp_path).samples
    assert [int(obj.labelled_HW.sum()) for obj in sample.objects] == [4, 24]


def test_a_threshold_on_the_image_itself(tmp_path: Path) -> None:
    """`{masks: "{image}", above: 20}` takes the image's own values 21, 22 and 23, also if stored as RGB."""
    for name, values in (("grey.png", grey()), ("rgb.png", np.dstack([grey()] * 3))):
        save(tmp_path / "images" / name, values)
    data = dataset(tmp_path, tasks={"bright": {"masks": "{image}", "above": 20}})
    assert [int(s.objects[0].truth_HW.sum()) for s in load(data, tmp_path).samples] == [3, 3]


def test_a_palette_mask_is_indices_to_a_label_and_greys_to_a_threshold(tmp_path: Path) -> None:
    """Index 1 is grey 200, index 2 is grey 20; two tasks read the same file."""
    save(tmp_path / "images/a.png", grey())
    image = Image.fromarray(np.array([[0, 1, 2, 2, 0, 0]] * 4, np.uint8), "P")
    image.putpalette([0, 0, 0, 200, 200, 200, 20, 20, 20])
    (tmp_path / "masks").mkdir()
    image.save(tmp_path / "masks/a.png")
    for tasks in ({"two": 2, "bright": {"above": 100}}, {"bright": {"above": 100}, "two": 2}):
        (sample,) = load(dataset(tmp_path, tasks=tasks), tmp_path).samples
        rows = {obj.task: obj.truth_HW[0].tolist() for obj in sample.objects}
        assert rows["two"] == [False, False, True, True, False, False]
        assert rows["bright"] == [False, True, False, False, False, False]


def test_binary255(tmp_path: Path) -> None:
    """Of a mask under `labels: binary255`, 255 alone is label 1."""
    pair(tmp_path, grey(), np.array([[0, 1, 128, 255, 255, 254]] * 4, np.uint8))
    (sample,) = load(dataset(tmp_path, labels="binary255", tasks={"object": 1}), tmp_path).samples
    assert sample.objects[0].truth_HW[0].tolist() == [False, False, False, True, True, False]


def test_storage_errors_pass_through(tmp_path: Path) -> None:
    """A file that was deleted after the listing is not faulty: the caller decides what to do."""
    pair(tmp_path, grey(), square())
    (source,) = discover(dataset(tmp_path))
    (tmp_path / "images/a.png").unlink()
    with pytest.raises(StorageError):
        load_module.load(dataset(tmp_path), source, (0,), InputCache(tmp_path / "c", 1), 100)


def test_remote_files_give_the_same_samples(tmp_path: Path) -> None:
    """Image addresses and values are the same from a local folder and from a store."""
    pair(tmp_path, grey(), square())
    volumes(tmp_path, np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.ones((3, 4, 5), np.uint8))
    store = fsspec.filesystem("memory")
    for path in tmp_path.glob("*/a.*"):
        store.pipe_file(f"/remote/set/{path.parent.name}/{path.name}", path.read_bytes())
    remote = {"images": "memory://remote/set/images/*", "masks": "memory://remote/set/masks/{name}"}
    from_folder = load(dataset(tmp_path), tmp_path).samples
    from_store = load(dataset(tmp_path, **remote), tmp_path).samples
    assert len(from_folder) == 6
    for local, fetched in zip(from_folder, from_store, strict=True):
        assert (local.image, local.slice, local.volume) == (fetched.image, fetched.slice, fetched.volume)
        assert np.array_equal(local.image_HWC, fetched.image_HWC)


@needs_shared
@pytest.mark.parametrize(("folder", "count"), [("hip-xray", 5), ("cervix-ct", 5), ("heart-mri", 3), ("retina-octa", 5)])
def test_real_slices(tmp_path: Path, folder: str, count: int) -> None:
    """Every image of the shared data has 256 x 256 pixels and an object, and nothing is left out."""
    loaded = load(dataset(SHARED / "data" / folder, labels="binary255", tasks={"object": 1}), tmp_path)
    assert len(loaded.samples) == count
    assert loaded.left_out == []
    assert all(sample.image_HWC.shape == (256, 256, 3) for sample in loaded.samples)
