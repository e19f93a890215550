"""Several masks of one image become one object, and an image without a mask becomes what the spec says."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from job.datasets.check import check_headers
from job.datasets.discover import discover
from job.datasets.labels import joined, joined_objects
from job.storage import InputCache
from job.study.files import AtLeast
from tests.datasets.make import MAX_PX, dataset, grey, ledger, load, nifti, save, stored_as

RATERS = [
    np.array([[0, 1, 1, 1, 2, 0]], np.uint8),
    np.array([[0, 0, 1, 1, 2, 2]], np.uint8),
    np.array([[0, 0, 0, 1, 1, 0]], np.uint8),
    np.array([[0, 0, 0, 1, 0, 0]], np.uint8),
]
"""Votes for label 1: 0, 1, 2, 4, 1, 0; for any label: 0, 1, 2, 4, 3, 1."""


def bits(*values: int) -> np.ndarray:
    return np.array([values], bool)


@pytest.mark.parametrize(
    ("join", "truth", "labelled"),
    [
        ("union", (0, 1, 1, 1, 1, 0), (0, 1, 1, 1, 1, 1)),
        ("majority", (0, 0, 0, 1, 0, 0), (0, 0, 0, 1, 1, 0)),
        (AtLeast(at_least=2), (0, 0, 1, 1, 0, 0), (0, 0, 1, 1, 1, 0)),
        (AtLeast(at_least=4), (0, 0, 0, 1, 0, 0), (0, 0, 0, 1, 0, 0)),
    ],
)
def test_masks_are_joined_pixel_by_pixel(join: Any, truth: tuple[int, ...], labelled: tuple[int, ...]) -> None:
    """A majority is more than half: two of four are none."""
    values = joined([(rater == 1, rater > 0) for rater in RATERS], join)
    assert values.dtype == np.uint8
    for result, expected in zip(joined_objects(values), (truth, labelled), strict=True):
        assert np.array_equal(result, bits(*expected))


def raters(folder: Path, count: int) -> None:
    """Save an image of 1 x 6 pixels with masks of its first raters."""
    save(folder / "images/a.png", grey(1, 6))
    for number, mask in enumerate(RATERS[:count], start=1):
        save(folder / f"masks/a_r{number}.png", mask)


@pytest.mark.parametrize(
    ("join", "count", "truth"),
    [("union", 4, (0, 1, 1, 1, 1, 0)), ("majority", 3, (0, 0, 1, 1, 0, 0)), ({"at_least": 3}, 4, (0, 0, 0, 1, 0, 0))],
)
def test_the_object_is_that_of_the_joined_masks(tmp_path: Path, join: Any, count: int, truth: tuple[int, ...]) -> None:
    """Joined are the objects of the task, not the label values."""
    raters(tmp_path, count)
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png", tasks={"object": 1}, join=join)
    (sample,) = load(data, tmp_path).samples
    assert np.array_equal(sample.objects[0].truth_HW, bits(*truth))


def test_one_mask_of_several_possible_ones_is_that_mask(tmp_path: Path) -> None:
    """Whatever the rule."""
    raters(tmp_path, 1)
    for join in ("union", "majority", "single", {"at_least": 1}):
        data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png", tasks={"object": 1}, join=join)
        (sample,) = load(data, tmp_path).samples
        assert np.array_equal(sample.objects[0].truth_HW, bits(0, 1, 1, 1, 0, 0))
        assert np.array_equal(sample.objects[0].labelled_HW, bits(0, 1, 1, 1, 1, 0))


def test_an_image_with_several_masks_can_be_left_out(tmp_path: Path) -> None:
    """`join: single` is a choice of the spec, no error."""
    raters(tmp_path, 2)
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png", join="single")
    (line,) = load(data, tmp_path).left_out
    assert (line.kind, line.reason, line.task) == ("empty", "several masks", "object")
    assert line.detail == (f"expected one (`join: single`), found {tmp_path}/masks/a_r1.png, {tmp_path}/masks/a_r2.png")


def test_too_few_masks_are_an_error(tmp_path: Path) -> None:
    """Three votes of two masks are impossible."""
    raters(tmp_path, 2)
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png", join={"at_least": 3})
    assert ledger(load(data, tmp_path).left_out) == [(0, "object", "error", "too few masks")]


def test_a_damaged_mask_among_several_is_an_error(tmp_path: Path) -> None:
    """The others alone would be another object."""
    raters(tmp_path, 2)
    (tmp_path / "masks/a_r2.png").write_bytes(b"text")
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png")
    (line,) = load(data, tmp_path).left_out
    assert (line.kind, line.task) == ("error", "object")
    assert "a_r2.png" in line.detail


def test_an_object_that_no_joined_pixel_has_is_empty(tmp_path: Path) -> None:
    """The line says of how many masks."""
    raters(tmp_path, 4)
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.png", tasks={"object": 2}, join="majority")
    (line,) = load(data, tmp_path).left_out
    assert (line.kind, line.detail) == ("empty", "in no pixel of 4 masks, joined")


def test_volumes_are_joined_in_the_order_of_the_image(tmp_path: Path) -> None:
    """Each mask is turned by its own header."""
    labels = np.zeros((4, 5, 6), np.uint8)
    labels[1, 2, 3] = 1
    other = np.zeros((4, 5, 6), np.uint8)
    other[2, 0, 3] = 1
    nifti(tmp_path / "images/a.nii.gz", *stored_as(np.arange(120, dtype=np.int16).reshape(4, 5, 6), "RAS"))
    nifti(tmp_path / "masks/a_r1.nii.gz", *stored_as(labels, "LPS"))
    nifti(tmp_path / "masks/a_r2.nii.gz", *stored_as(other, "RAS"))
    data = dataset(tmp_path, masks=f"{tmp_path}/masks/{{stem}}_r?.nii.gz")
    (sample,) = load(data, tmp_path).samples
    truth = np.zeros((5, 4), bool)  # rows anterior to posterior, columns right to left
    truth[2, 2] = truth[4, 1] = True
    assert (sample.slice, np.array_equal(sample.objects[0].truth_HW, truth)) == (3, True)


@pytest.mark.parametrize(
    ("unlabelled", "expected"),
    [
        ("error", [("a.png", "two", "error"), ("b.png", "one", "error"), ("b.png", "two", "error")]),
        ("empty", [("a.png", "two", "empty"), ("b.png", "one", "empty"), ("b.png", "two", "empty")]),
        ("skip", [("a.png", "two", "empty")]),
    ],
)
def test_a_missing_mask_is_what_the_spec_says(
    tmp_path: Path, unlabelled: str, expected: list[tuple[str, str, str]]
) -> None:
    """Image a has a mask of one of two tasks, b has none. The line has the address of the missing mask."""
    for name in ("a.png", "b.png"):
        save(tmp_path / "images" / name, grey(1, 6))
    save(tmp_path / "one/a.png", RATERS[0])
    tasks = {
        name: {"masks": [f"{tmp_path}/{name}/{{name}}", f"{tmp_path}/{name}/{{stem}}*.tif"], "label": 1}
        for name in ("one", "two")
    }
    data = dataset(tmp_path, tasks=tasks, unlabelled=unlabelled)
    lines = load(data, tmp_path).left_out
    assert [(line.image, line.task, line.kind) for line in lines] == expected
    assert {line.reason for line in lines} == {"mask missing"}
    assert lines[0].detail == f"expected a file at {tmp_path}/two/a.png or {tmp_path}/two/a*.tif"
    cache = InputCache(tmp_path / "cache", 1 << 30)
    errors = [line for source in discover(data) for line in check_headers(data, source, cache, MAX_PX)]
    assert errors == [line for line in lines if line.kind == "error"]


def test_a_dead_link_is_an_error_in_every_place(tmp_path: Path) -> None:
    """Of an image, of a volume and of a mask; the line names the target."""
    for name in ("a.png", "c.png"):
        save(tmp_path / "images" / name, grey(1, 6))
    (tmp_path / "images/b.nii.gz").symlink_to("../annex/b")
    (tmp_path / "images/d.png").symlink_to("../annex/d")
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks/a.png").symlink_to("../annex/a")
    for name in ("c.png", "d.png", "b.nii.gz"):
        (tmp_path / "masks" / name).symlink_to("../images/c.png")
    save(tmp_path / "images/c.png", RATERS[0])
    data = dataset(tmp_path, tasks={"object": 1})
    lines = load(data, tmp_path).left_out
    assert [(line.image, line.task, line.kind, line.reason) for line in lines if line.kind == "error"] == [
        ("a.png", "object", "error", "dead link"),
        ("b.nii.gz", None, "error", "dead link"),
        ("d.png", None, "error", "dead link"),
    ]
    assert lines[0].detail == (
        f"{tmp_path}/masks/a.png: a link to ../annex/a, where nothing is; was the data set fetched?"
    )
