"""Volumes to samples and lines of the ledger."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job import datasets
from job.datasets.formats import nifti as nifti_module
from job.errors import DataError
from tests.datasets.make import (
    dataset,
    ledger,
    load,
    nifti,
    samples,
    save,
    square,
    stored_as,
    volumes,
    without_orientation,
)

MNI = "package://nilearn/datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"


def image(depth: int = 6) -> np.ndarray:
    """A volume of 4 x 5 x depth voxels, values from 1."""
    return np.arange(1, 4 * 5 * depth + 1, dtype=np.int16).reshape(4, 5, depth)


def mask(*slices: int, depth: int = 6, label: int = 1) -> np.ndarray:
    """A label map with a voxel in axial slice n, two in the next one named, and so on."""
    labels = np.zeros((4, 5, depth), np.uint8)
    for width, index in enumerate(slices, start=1):
        labels[:width, 0, index] = label
    return labels


def found(tmp_path: Path, rule: dict[str, Any], *slices: int, asked: tuple[int, ...] | None = None) -> list[Any]:
    volumes(tmp_path, image(), mask(*slices))
    return load(dataset(tmp_path, slices=rule), tmp_path, asked)


def kept(items: list[Any]) -> list[int]:
    return [sample.slice for sample in samples(items)]


def test_a_sample_of_a_volume(tmp_path: Path) -> None:
    """Axis, slice and volume name where it comes from."""
    items = found(tmp_path, {"axis": "coronal"}, 2)
    assert [(s.image, s.axis, s.slice, s.volume, s.patient) for s in items] == [
        ("a.nii.gz", "coronal", 0, "a.nii.gz", "a.nii.gz")
    ]
    assert items[0].image_HWC.shape == (6, 4, 3)


@pytest.mark.parametrize(
    ("rule", "slices", "empty"),
    [
        ({}, [1, 4], []),
        ({"keep": "all"}, [1, 4], [0, 2, 3, 5]),
        ({"keep": {"every": 2}}, [4], [0, 2]),
        ({"keep": "largest"}, [4], []),
        ({"indices": [0, 4]}, [4], [0]),
    ],
)
def test_rules(tmp_path: Path, rule: dict[str, Any], slices: list[int], empty: list[int]) -> None:
    """Objects in slices 1 (one voxel) and 4 (two voxels) of 6; an empty slice has a line where it was asked for."""
    items = found(tmp_path, rule, 1, 4)
    assert kept(items) == slices
    assert ledger(items) == [(index, "object", "empty", "no object") for index in empty]


def test_chunks_add_up_to_the_volume(tmp_path: Path) -> None:
    """ModelBlock for in pieces, the same slices come."""
    assert kept(found(tmp_path, {}, 1, 4, asked=(0, 1, 2))) == [1]
    assert kept(found(tmp_path, {}, 1, 4, asked=(3, 4, 5))) == [4]


def test_empty_task_of_a_kept_slice_has_a_line(tmp_path: Path) -> None:
    """Slice 1 holds the one, slice 4 the other."""
    volumes(tmp_path, image(), mask(1, label=1) + mask(4, label=2))
    items = load(dataset(tmp_path, tasks={"one": 1, "two": 2}), tmp_path)
    assert kept(items) == [1, 4]
    assert ledger(items) == [(1, "two", "empty", "no object"), (4, "one", "empty", "no object")]


def test_largest_joins_the_tasks(tmp_path: Path) -> None:
    """Two tasks with one voxel each outweigh one with one."""
    volumes(tmp_path, image(), mask(1, label=1) + mask(1, label=1)[::-1] * 2 + mask(4, label=1))
    assert kept(load(dataset(tmp_path, tasks={"a": 1, "b": 2}, slices={"keep": "largest"}), tmp_path)) == [1]


@pytest.mark.parametrize("keep", ["labelled", "largest"])
def test_volume_without_any_object_has_a_line(tmp_path: Path, keep: str) -> None:
    """A volume never goes without a word."""
    items = found(tmp_path, {"keep": keep})
    assert ledger(items) == [(0, "object", "empty", "no object")]
    assert items[0].detail == "in none of the 6 slices of the volume"


def test_index_beyond_the_volume(tmp_path: Path) -> None:
    """An error that says how many slices there are."""
    items = found(tmp_path, {"indices": [1, 6]}, 1)
    assert ledger(items) == [(6, None, "error", "no such slice")]
    assert items[0].detail == "the volume has 6 axial slices, 0 to 5"


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
@pytest.mark.parametrize(("image_as", "mask_as"), [("LPS", "LPS"), ("PIR", "ASL"), ("RAS", "SAR")])
def test_image_and_mask_in_other_orders(tmp_path: Path, axis: str, image_as: str, mask_as: str) -> None:
    """Each is brought by its own affine: the voxel with value 120 is the one with the label."""
    labels = (image() == 120).astype(np.uint8)
    nifti(tmp_path / "images/a.nii.gz", *stored_as(image(), image_as))
    nifti(tmp_path / "masks/a.nii.gz", *stored_as(labels, mask_as))
    (sample,) = load(dataset(tmp_path, slices={"axis": axis}), tmp_path)
    assert sample.image_HWC[sample.objects[0].truth_HW].tolist() == [[255, 255, 255]]
    assert np.argwhere(sample.objects[0].truth_HW).tolist() == [[0, 0]]  # the right anterior superior corner


def test_levels_of_slice_and_volume(tmp_path: Path) -> None:
    """The maximum of slice 0 is 115 + 1 - 1, of the volume 120."""
    volumes(tmp_path, image(), mask(0))
    for per, highest in (("slice", 255), ("volume", int(115 / 120 * 255))):
        (sample,) = load(dataset(tmp_path, intensity={"scale": "max", "per": per}), tmp_path)
        assert (sample.image_HWC.max(), sample.intensity) == (highest, f"max/{per}")


def test_slice_with_nan_leaves_the_others(tmp_path: Path) -> None:
    """Per slice and per volume alike."""
    values = image().astype(np.float32)
    values[0, 0, 1] = np.nan
    volumes(tmp_path, values, mask(1, 4))
    for per in ("slice", "volume"):
        items = load(dataset(tmp_path, intensity={"scale": "max", "per": per}), tmp_path)
        assert ledger(items) == [(1, None, "error", "non-finite values")]
        assert kept(items) == [4]


def test_negative_values_per_slice_and_per_volume(tmp_path: Path) -> None:
    """Per slice each slice is judged by itself; per volume the fault is the volume's, and is told once."""
    values = image()
    values[0, 0, 1] = -5
    volumes(tmp_path, values, mask(1, 4))
    items = load(dataset(tmp_path), tmp_path)
    assert (ledger(items), kept(items)) == ([(1, None, "error", "negative values")], [4])
    items = load(dataset(tmp_path, intensity={"scale": "max", "per": "volume"}), tmp_path)
    assert (ledger(items), kept(items)) == ([(0, None, "error", "negative values")], [])


def test_4d_and_rgb(tmp_path: Path) -> None:
    """One line for the file, at the first slice asked for."""
    nifti(tmp_path / "masks/a.nii.gz", mask(1))
    rgb = np.zeros((4, 5, 6), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))
    for values, reason in ((np.zeros((4, 5, 6, 2), np.int16), "several volumes"), (rgb, "colour volume")):
        nifti(tmp_path / "images/a.nii.gz", values)
        assert ledger(load(dataset(tmp_path), tmp_path, (3, 4))) == [(3, None, "error", reason)]


def test_truncated_volume(tmp_path: Path) -> None:
    """Its header can be read, so it is planned; its error comes at load."""
    noise = np.random.default_rng(0).integers(0, 99, (4, 5, 600)).astype(np.int16)
    volumes(tmp_path, noise, mask(1, depth=600))
    path = tmp_path / "images/a.nii.gz"
    path.write_bytes(path.read_bytes()[:5000])
    (source,) = datasets.discover(dataset(tmp_path))
    assert len(datasets.raw_slices(dataset(tmp_path), source)) == 600
    assert ledger(load(dataset(tmp_path), tmp_path)) == [(0, None, "error", "unreadable image")]


def test_unreadable_header_names_the_file(tmp_path: Path) -> None:
    """The plan cannot count its slices."""
    (tmp_path / "images").mkdir()
    (tmp_path / "images/a.nii").write_bytes(b"")
    (source,) = datasets.discover(dataset(tmp_path))
    with pytest.raises(DataError, match=r"unreadable image: .*images/a.nii"):
        datasets.raw_slices(dataset(tmp_path), source)


def test_mask_of_another_shape(tmp_path: Path) -> None:
    """Compared in canonical order."""
    volumes(tmp_path, image(), mask(1, depth=5))
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(0, "object", "error", "size mismatch")]
    assert items[0].detail.endswith("the image is 4 x 5 x 6, the mask 4 x 5 x 5")


def test_mask_of_another_kind(tmp_path: Path) -> None:
    """A volume's mask is a volume."""
    nifti(tmp_path / "images/a.nii.gz", image())
    save(tmp_path / "masks/a.png", square())
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}.png")
    assert ledger(load(data, tmp_path)) == [(0, "object", "error", "size mismatch")]


def test_affines_that_differ_are_noted(tmp_path: Path) -> None:
    """A shift by one voxel is told, once, where the mask is first used; rounding is not."""
    nifti(tmp_path / "images/a.nii.gz", image())
    for shift, lines in ((1, [(1, "object", "warning", "affines differ")]), (1e-4, [])):
        affine = np.eye(4)
        affine[0, 3] = shift
        nifti(tmp_path / "masks/a.nii.gz", mask(1, 4), affine)
        items = load(dataset(tmp_path), tmp_path)
        assert ledger(items) == lines
        assert kept(items) == [1, 4]


def corner() -> np.ndarray:
    """A label on the voxel of `image()` with value 120, the right anterior superior corner."""
    return (image() == 120).astype(np.uint8)


def assert_on_the_corner(items: list[Any]) -> None:
    """The label lies on the voxel with value 120, the brightest."""
    (sample,) = samples(items)
    assert sample.image_HWC[sample.objects[0].truth_HW].tolist() == [[255, 255, 255]]


def test_a_mask_that_may_be_mirrored_is_refused(tmp_path: Path) -> None:
    """Saved with the unit matrix, in the order of an LPS image: its own affine would turn it over."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(image(), "LPS"))
    nifti(tmp_path / "masks/a.nii.gz", stored_as(corner(), "LPS")[0])
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(0, "object", "error", "affines differ")]
    assert "stored as LPS, the mask as RAS" in items[0].detail
    assert "resample it to the image" in items[0].detail


def test_a_mask_in_the_same_order_may_lie_elsewhere(tmp_path: Path) -> None:
    """The unit matrix beside a RAS image of other spacing and origin: nothing is turned over, so it is but told."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(image(), "RAS"))
    nifti(tmp_path / "masks/a.nii.gz", corner())
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(5, "object", "warning", "affines differ")]
    assert_on_the_corner(items)


@pytest.mark.parametrize("codes", ["RAS", "LPS", "PIR"])
def test_a_mask_without_orientation_has_the_order_of_its_image(tmp_path: Path, codes: str) -> None:
    """However the image is stored, the mask is turned with it; that this was assumed is told."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(image(), codes))
    without_orientation(tmp_path / "masks/a.nii.gz", stored_as(corner(), codes)[0])
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(5, "object", "warning", "orientation unknown")]
    assert_on_the_corner(items)


def test_a_mask_has_the_order_of_an_image_without_orientation(tmp_path: Path) -> None:
    """Stored alike, they stay on each other, whatever the mask's header says."""
    without_orientation(tmp_path / "images/a.nii.gz", image())
    nifti(tmp_path / "masks/a.nii.gz", corner())
    items = load(dataset(tmp_path), tmp_path)
    unknown = ("warning", "orientation unknown")
    assert ledger(items) == [(5, None, *unknown), (5, "object", *unknown)]
    assert_on_the_corner(items)


def test_a_mask_without_orientation_has_the_shape_of_its_image_as_stored(tmp_path: Path) -> None:
    """Another shape is another order, and nothing says which."""
    nifti(tmp_path / "images/a.nii.gz", *stored_as(image(), "PIR"))
    without_orientation(tmp_path / "masks/a.nii.gz", corner())
    items = load(dataset(tmp_path), tmp_path)
    assert ledger(items) == [(0, "object", "error", "size mismatch")]
    assert items[0].detail.endswith("the image is 5 x 6 x 4, the mask 4 x 5 x 6")


@pytest.mark.parametrize(("degrees", "noted"), [(9, False), (12, True)])
def test_oblique_volumes_are_noted(tmp_path: Path, degrees: float, noted: bool) -> None:
    """Over 10 degrees, once."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    volumes(tmp_path, image(), mask(1, 4), np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    assert ledger(load(dataset(tmp_path), tmp_path)) == ([(1, None, "warning", "oblique volume")] if noted else [])


def test_nan_in_a_map_is_noted(tmp_path: Path) -> None:
    """NaN is not above a threshold; that it is there is told."""
    values = mask(1).astype(np.float32)
    values[3, 3, 3] = np.nan
    volumes(tmp_path, image(), values)
    items = load(dataset(tmp_path, tasks={"object": {"above": 0.5}}), tmp_path)
    assert ledger(items) == [(1, "object", "warning", "NaN in mask")]
    assert kept(items) == [1]


def test_slice_larger_than_allowed(tmp_path: Path) -> None:
    """The bound is on a slice, not on the volume, and holds before the volume is read."""
    volumes(tmp_path, image(), mask(1))
    assert kept(load(dataset(tmp_path), tmp_path, max_px=20)) == [1]
    assert ledger(load(dataset(tmp_path), tmp_path, max_px=19)) == [(0, None, "error", "too large")]


def test_consecutive_chunks_read_a_volume_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two chunks, two tasks on one mask file: image and mask are read once each."""
    volumes(tmp_path, image(), mask(1, 4))
    data = dataset(tmp_path, tasks={"a": 1, "b": "any"})
    read: list[str] = []
    read_volume = nifti_module.read_volume
    monkeypatch.setattr(nifti_module, "read_volume", lambda path: read.append(path.parent.name) or read_volume(path))
    assert kept(load(data, tmp_path, (0, 1, 2))) + kept(load(data, tmp_path, (3, 4, 5))) == [1, 4]
    assert read == ["images", "masks"]


def test_mni152() -> None:
    """The template in nilearn: 197 x 233 x 189 voxels, 1 mm; a brain is where T1 is above 0, white matter inside it."""
    tasks = {"WM": {"masks": MNI.format("wm"), "above": 127}, "brain": {"masks": "{image}", "above": 0}}
    for axis, count in (("sagittal", 197), ("coronal", 233), ("axial", 189)):
        data = dataset(Path(), images=MNI.format("t1"), tasks=tasks, slices={"axis": axis})
        (source,) = datasets.discover(data)
        assert len(datasets.raw_slices(data, source)) == count


def test_mni152_slices(tmp_path: Path) -> None:
    """Named slices of the template come with both tasks; the image's anterior end is up: 233 rows, 197 columns."""
    tasks = {"WM": {"masks": MNI.format("wm"), "above": 127}, "brain": {"masks": "{image}", "above": 0}}
    data = dataset(Path(), images=MNI.format("t1"), tasks=tasks, slices={"indices": [50, 90]})
    items = load(data, tmp_path)
    assert ledger(items) == []
    assert [(s.slice, s.image_HWC.shape, [o.task for o in s.objects]) for s in items] == [
        (50, (233, 197, 3), ["WM", "brain"]),
        (90, (233, 197, 3), ["WM", "brain"]),
    ]
    for sample in items:
        white, brain = (obj.truth_HW for obj in sample.objects)
        assert 0 < white.sum() < brain.sum()
        assert np.array_equal(brain, sample.objects[1].labelled_HW)
