"""What is chosen from a listing, and what the listing shows beside it."""

from pathlib import Path
from typing import Any

import pytest

from job.datasets.discover import Survey, survey
from job.datasets.inventory import inventory
from job.errors import PairingError
from tests.datasets.make import dataset, write


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """Return a folder with volumes 0, 27, 28, 47 and 48, and their masks."""
    for n in (0, 27, 28, 47, 48):
        write(tmp_path / f"Batch {n // 28}/volume-{n}.nii", b"x")
        write(tmp_path / f"Batch {n // 28}/segmentation-{n}.nii", b"y")
    return tmp_path


def lits(folder: Path, **changes: Any) -> Survey:
    """Survey LiTS, as distributed."""
    return survey(
        dataset(
            folder,
            images=f"{folder}/Batch {{batch}}/volume-{{n:int}}.nii",
            masks=f"{folder}/Batch {{batch}}/segmentation-{{n}}.nii",
            **changes,
        )
    )


def numbers(result: Survey) -> list[int]:
    return sorted(int(source.image.partition("-")[2].removesuffix(".nii")) for source in result.sources)


def test_axes_are_stated_for_all_volumes_or_for_those_that_are_selected(volumes: Path) -> None:
    """Pictures lie as axial slices are shown: rows run to the back, columns to the patient's left."""
    assert {source.axes for source in lits(volumes).sources} == {None}
    assert {source.axes for source in lits(volumes, axes="LPS").sources} == {"LPS"}
    some = lits(volumes, axes={"LPS": {"n": "28-47"}, "rows-columns": "volume-48.nii"})
    stated = {source.image.partition("-")[2]: source.axes for source in some.sources}
    assert stated == {"0.nii": None, "27.nii": None, "28.nii": "LPS", "47.nii": "LPS", "48.nii": "PLS"}


@pytest.mark.parametrize(
    ("axes", "key", "message"),
    [
        ({"LPS": {"n": "28-47"}, "RAS": {"n": 47}}, "RAS", "other axes are stated for Batch 1/volume-47.nii too"),
        ({"LPS": {"n": "128-147"}}, "LPS", "no image is selected"),
    ],
)
def test_axes_that_are_ambiguous_or_for_no_image_are_a_fault(volumes: Path, axes: Any, key: str, message: str) -> None:
    """At their place in the spec."""
    with pytest.raises(PairingError, match=message) as caught:
        lits(volumes, axes=axes)
    assert caught.value.key == ("axes", key)


@pytest.mark.parametrize(
    ("selection", "named"),
    [
        ({"n": "28-47"}, {28, 47}),
        ({"n": 28}, {28}),
        ({"n": [0, "47-100"]}, {0, 47, 48}),
        ({"n": "4*"}, {47, 48}),
        ({"n": "28-47", "batch": 1}, {28, 47}),
        ({"n": "28-47", "batch": "0"}, set()),
        ({"batch": "0"}, {0, 27}),
        ({"stem": "volume-2?"}, {27, 28}),
        ("volume-2*", {27, 28}),
        ("Batch 1/*", {28, 47, 48}),
        ("*/volume-0.nii", {0}),
        ("Batch 1", set()),
        (["volume-0.nii", "Batch 1/volume-48.nii"], {0, 48}),
    ],
)
def test_images_are_chosen_by_pattern_and_field(volumes: Path, selection: Any, named: set[int]) -> None:
    """`only` keeps those that `except` leaves out. Ranges include both ends, and all fields must match."""
    assert set(numbers(lits(volumes, only=selection))) == named
    left = lits(volumes, **{"except": selection})
    assert set(numbers(left)) == {0, 27, 28, 47, 48} - named
    assert len(left.deselected) == len(named)


def test_a_number_is_compared_as_a_number(tmp_path: Path) -> None:
    """007 is 7, and lies in 5-10; a name such as v1 lies in no range."""
    for name in ("007", "5", "11", "v1"):
        write(tmp_path / f"{name}.png", b"x")
    for selection, expected in (({"n": 7}, ["007.png"]), ({"n": "5-10"}, ["007.png", "5.png"]), ({"n": 1}, [])):
        result = survey(dataset(tmp_path, images=f"{tmp_path}/{{n}}.png", only=selection))
        assert [source.image for source in result.sources] == expected


def test_a_list_file_names_images_by_address_name_or_stem(volumes: Path) -> None:
    """A line that names no image is told."""
    text = "# test\n\nvolume-0\nvolume-27.nii\r\nBatch 1/volume-48.nii  \nvolume-99\n"
    listed = write(volumes / "test.txt", text.encode())
    only = lits(volumes, only={"list": str(listed)})
    assert (numbers(only), only.not_found) == ([0, 27, 48], ("volume-99",))
    assert numbers(lits(volumes, only={"list": str(listed), "n": "20-50"})) == [27, 48]
    assert numbers(lits(volumes, **{"except": {"list": str(listed)}})) == [28, 47]


def test_only_and_except_apply_both(volumes: Path) -> None:
    """The images that `only` names without those that `except` names."""
    assert numbers(lits(volumes, only={"n": "0-30"}, **{"except": {"n": 27}})) == [0, 28]


def test_files_with_another_ending_are_told(tmp_path: Path) -> None:
    """`.PNG` and `.jpg` beside `.png`, but neither masks nor files that are no images."""
    for name in ("a.png", "b.PNG", "c.jpg", "d.txt", "a_mask.PNG", ".e.jpg", "deep/f.jpg", "a.png.jpg"):
        write(tmp_path / name, b"x")
    data = dataset(tmp_path, images=f"{tmp_path}/*.png", masks=f"{tmp_path}/{{stem}}_mask.PNG")
    assert survey(data).other_endings == ("a.png.jpg", "b.PNG", "c.jpg")
    assert [source.image for source in survey(data).sources] == ["a.png"]
    packed = dataset(tmp_path, images=f"{tmp_path}/{{n:int}}.nii.gz", masks=f"{tmp_path}/m/{{name}}")
    for name in ("1.nii.gz", "2.nii", "x.nii"):
        write(tmp_path / name, b"x")
    assert survey(packed).other_endings == ("2.nii",)


def test_masks_that_no_image_uses_are_told(tmp_path: Path) -> None:
    """Those of missing images, and those whose names go on after that of a mask."""
    for name in ("i/a.png", "m/a_seg.png", "m/a_seg_2.png", "m/b_seg.png", "m/._a_seg.png", "m/other.png"):
        write(tmp_path / name, b"x")
    data = dataset(tmp_path, images=f"{tmp_path}/i/*.png", masks=f"{tmp_path}/m/{{stem}}_seg.png")
    assert survey(data).unused_masks == ("a_seg_2.png", "b_seg.png")


def test_masks_of_images_that_are_left_out_are_used(volumes: Path) -> None:
    """`only` chooses among images; their masks are no surplus."""
    assert lits(volumes, only={"n": 0}).unused_masks == ()


def test_a_mask_that_images_share_is_used(tmp_path: Path) -> None:
    """One address without fields, meant for every image."""
    for name in ("a.png", "b.png", "m/all.png"):
        write(tmp_path / name, b"x")
    result = survey(dataset(tmp_path, images=f"{tmp_path}/*.png", masks=f"{tmp_path}/m/all.png"))
    assert len(result.sources) == 2
    assert result.unused_masks == ()


def test_dead_links_in_the_place_of_folders_are_told(volumes: Path) -> None:
    """A disk that is not mounted."""
    (volumes / "Batch 2").symlink_to("/nowhere/at/all")
    assert lits(volumes).dead_links == ("Batch 2",)


def test_the_inventory_counts_images_patients_and_what_is_not_used(volumes: Path) -> None:
    """In one line."""
    write(volumes / "Batch 0/volume-1.nii", b"x")
    write(volumes / "Batch 0/volume-2.nii.gz", b"x")
    settings: dict[str, Any] = {
        "images": f"{volumes}/Batch {{batch}}/volume-{{n:int}}.nii",
        "masks": f"{volumes}/Batch {{batch}}/segmentation-{{n}}.nii",
    }
    data = dataset(volumes, **settings, patient="{n}", **{"except": {"n": [47]}})
    assert str(inventory(data, survey(data))) == (
        "Test: 5 images, 5 patients (0, 1, 27, …), 1 without a mask; 1 image left out by `only` or `except` "
        "(Batch 1/volume-47.nii); 1 image file not matched, for its ending alone (Batch 0/volume-2.nii.gz)"
    )
    skipping = dataset(volumes, **settings, unlabelled="skip")
    assert str(inventory(skipping, survey(skipping))) == (
        "Test: 5 images, each its own patient; 1 image without a mask left out (Batch 0/volume-1.nii); 1 image file "
        "not matched, for its ending alone (Batch 0/volume-2.nii.gz)"
    )


def test_generated_images_have_an_inventory() -> None:
    """Their patients have names."""
    settings = {"images": None, "masks": None, "generated": {"patients": 4, "slices": 2}}
    data = dataset(Path(), **settings)
    assert str(inventory(data, survey(data))) == "Test: 8 images, 4 patients (patient000, patient001, patient002, …)"
