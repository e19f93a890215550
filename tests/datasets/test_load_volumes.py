"""Volumes become samples and lines of the ledger."""

from pathlib import Path

import numpy as np
import pytest

from job.datasets.check import raw_slices
from job.datasets.discover import discover
from job.datasets.formats import nifti as nifti_module
from job.errors import DataError
from tests.datasets.make import dataset, kept, labelled, ledger, load, nifti, numbered, save, square, volumes

MNI = "package://nilearn/datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"


def test_a_sample_of_a_volume(tmp_path: Path) -> None:
    """A sample names its volume, axis and slice."""
    volumes(tmp_path, numbered(), labelled(2))
    (sample,) = load(dataset(tmp_path, slices={"axis": "coronal"}), tmp_path).samples
    assert (sample.image, sample.axis, sample.slice) == ("a.nii.gz", "coronal", 0)
    assert (sample.volume, sample.patient) == ("a.nii.gz", "a.nii.gz")
    assert sample.image_HWC.shape == (6, 4, 3)


def test_levels_of_slice_and_volume(tmp_path: Path) -> None:
    """The maximum of slice 0 is 115, of the volume 120."""
    volumes(tmp_path, numbered(), labelled(0))
    for per, brightest in (("slice", 255), ("volume", int(115 / 120 * 255))):
        (sample,) = load(dataset(tmp_path, intensity={"scale": "max", "per": per}), tmp_path).samples
        assert (sample.image_HWC.max(), sample.intensity) == (brightest, f"max/{per}")


def test_percentiles_of_slice_and_volume(tmp_path: Path) -> None:
    """Slice n holds 20n + 1 … 20n + 20: its own range in slice 3, or its share of the volume's 1 to 120."""
    volumes(tmp_path, np.arange(1, 121, dtype=np.int16).reshape(6, 5, 4).T, labelled(3))
    for per, darkest, brightest in (
        ("slice", 0, 255),
        ("volume", int(60 / 119 * 255), int(79 / 119 * 255)),
    ):
        (sample,) = load(dataset(tmp_path, intensity={"percentiles": (0, 100), "per": per}), tmp_path).samples
        assert (sample.image_HWC.min(), sample.image_HWC.max()) == (darkest, brightest)
        assert sample.intensity == f"percentiles(0,100)/{per}"


@pytest.mark.parametrize("per", ["slice", "volume"])
def test_a_slice_with_nan_leaves_the_others(tmp_path: Path, per: str) -> None:
    """Only the slice with NaN is an error."""
    values = numbered().astype(np.float32)
    values[0, 0, 1] = np.nan
    volumes(tmp_path, values, labelled(1, 4))
    loaded = load(dataset(tmp_path, intensity={"scale": "max", "per": per}), tmp_path)
    assert ledger(loaded.left_out) == [(1, None, "error", "non-finite values")]
    assert kept(loaded) == [4]


def test_negative_values_are_an_error_of_their_slice_or_of_the_volume(tmp_path: Path) -> None:
    """Per slice, each slice is judged on its own; per volume, the error is the volume's, and is noted once."""
    values = numbered()
    values[0, 0, 1] = -5
    volumes(tmp_path, values, labelled(1, 4))
    loaded = load(dataset(tmp_path), tmp_path)
    assert (ledger(loaded.left_out), kept(loaded)) == ([(1, None, "error", "negative values")], [4])
    loaded = load(dataset(tmp_path, intensity={"scale": "max", "per": "volume"}), tmp_path)
    assert (ledger(loaded.left_out), kept(loaded)) == ([(0, None, "error", "negative values")], [])


def test_4d_and_rgb_volumes_are_errors(tmp_path: Path) -> None:
    """One line for the file, at the first of the given slices."""
    nifti(tmp_path / "masks/a.nii.gz", labelled(1))
    rgb = np.zeros((4, 5, 6), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    for values, reason in ((np.zeros((4, 5, 6, 2), np.int16), "several volumes"), (rgb, "colour volume")):
        nifti(tmp_path / "images/a.nii.gz", values)
        assert ledger(load(dataset(tmp_path), tmp_path, (3, 4)).left_out) == [(3, None, "error", reason)]


def test_a_truncated_volume_is_planned_and_is_an_error_of_the_run(tmp_path: Path) -> None:
    """Its header can be read, its values cannot."""
    noise = np.random.default_rng(0).integers(0, 99, (4, 5, 600)).astype(np.int16)
    volumes(tmp_path, noise, labelled(1, depth=600))
    path = tmp_path / "images/a.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    (source,) = discover(dataset(tmp_path))
    assert len(raw_slices(dataset(tmp_path), source)) == 600
    assert ledger(load(dataset(tmp_path), tmp_path).left_out) == [(0, None, "error", "unreadable image")]


def test_an_unreadable_header_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    """A plan cannot count the slices."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.nii").write_bytes(b"")
    (source,) = discover(dataset(tmp_path))
    with pytest.raises(DataError, match=r"unreadable image: .*images/a.nii"):
        raw_slices(dataset(tmp_path), source)


def test_a_2d_mask_of_a_volume_is_an_error(tmp_path: Path) -> None:
    """The mask of a volume is a volume."""
    nifti(tmp_path / "images/a.nii.gz", numbered())
    save(tmp_path / "masks/a.png", square())
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}.png")
    (line,) = load(data, tmp_path).left_out
    assert ledger([line]) == [(0, "object", "error", "size mismatch")]
    assert line.detail.endswith("one is a volume and the other a 2D image")


def test_a_slice_larger_than_allowed_is_an_error(tmp_path: Path) -> None:
    """The limit is on a slice, not on the volume, and is checked before the volume is read."""
    volumes(tmp_path, numbered(), labelled(1))
    assert kept(load(dataset(tmp_path), tmp_path, max_px=20)) == [1]
    assert ledger(load(dataset(tmp_path), tmp_path, max_px=19).left_out) == [(0, None, "error", "too large")]


def test_consecutive_chunks_read_a_volume_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chunks, two tasks on one mask file: image and mask are read once each."""
    volumes(tmp_path, numbered(), labelled(1, 4))
    data = dataset(tmp_path, tasks={"a": 1, "b": "any"})
    read: list[str] = []
    read_values = nifti_module.read_values
    monkeypatch.setattr(
        nifti_module, "read_values", lambda file: (read.append(Path(file.address).parent.name), read_values(file))[1]
    )
    assert kept(load(data, tmp_path, (0, 1, 2))) + kept(load(data, tmp_path, (3, 4, 5))) == [1, 4]
    assert read == ["images", "masks"]


@pytest.mark.parametrize(("axis", "count"), [("sagittal", 197), ("coronal", 233), ("axial", 189)])
def test_slices_of_the_mni152_template(axis: str, count: int) -> None:
    """The template in the package nilearn has 197 x 233 x 189 voxels of 1 mm."""
    data = dataset(Path(), images=MNI.format("t1"), masks="{image}", slices={"axis": axis})
    (source,) = discover(data)
    assert len(raw_slices(data, source)) == count


def test_samples_of_the_mni152_template(tmp_path: Path) -> None:
    """The brain is where T1 is above 0, and white matter is inside it; 233 rows run anterior to posterior."""
    tasks = {"WM": {"masks": MNI.format("wm"), "above": 127}, "brain": {"masks": "{image}", "above": 0}}
    data = dataset(Path(), images=MNI.format("t1"), tasks=tasks, slices={"indices": [50, 90]})
    loaded = load(data, tmp_path)
    assert loaded.left_out == []
    assert [(s.slice, s.image_HWC.shape, [o.task for o in s.objects]) for s in loaded.samples] == [
        (50, (233, 197, 3), ["WM", "brain"]),
        (90, (233, 197, 3), ["WM", "brain"]),
    ]
    for sample in loaded.samples:
        assert sample.spacing == (1, 1, 1)
        white, brain = (obj.truth_HW for obj in sample.objects)
        assert 0 < white.sum() < brain.sum()
        assert np.array_equal(brain, sample.objects[1].labelled_HW)
