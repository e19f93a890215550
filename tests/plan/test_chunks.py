"""Chunks have a bounded size, and an added, changed or moved file changes as few of them as possible."""

import shutil

import numpy as np
import pytest
from PIL import Image

from job.datasets.discover import discover
from job.plan.chunks import chunks
from job.storage import InputCache
from job.study import loads

MNI = "package://nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


@pytest.fixture
def folder(tmp_path):
    """Forty images with masks."""
    for kind in ("images", "masks"):
        (tmp_path / "data" / kind).mkdir(parents=True)
    for number in range(40):
        add_image(tmp_path / "data", number)
    return tmp_path / "data"


def add_image(folder, number):
    for kind in ("images", "masks"):
        Image.fromarray(np.full((8, 8), number, np.uint8)).save(folder / kind / f"{number:03}.png")


def dataset(text):
    spec = loads(
        f"study: s\ndatasets: [{text}]\nmodels: [{{name: l, family: lite_medsam}}]\nprompts: [{{modes: [whole_box]}}]"
    )
    return spec.study.datasets[0]


def cut(data, tmp_path, size=8, limit=None):
    cache = InputCache(tmp_path / "cache", 10**9)
    return chunks(data, discover(data), size, cache, limit, 10**8)


def images(folder, extra=""):
    return dataset(
        f'{{name: A, modality: CT, images: "{folder}/images/*.png", masks: "{folder}/masks/{{name}}", '
        f"tasks: {{organ: 1}}{extra}}}"
    )


def names(cut_chunks):
    return {chunk.name for chunk in cut_chunks}


def test_every_image_is_in_one_chunk_and_no_chunk_is_too_large(folder, tmp_path):
    """Here a chunk has up to eight images."""
    all_chunks = cut(images(folder), tmp_path)
    names = [unit.source.image for chunk in all_chunks for unit in chunk.units]
    assert sorted(names) == [f"{number:03}.png" for number in range(40)]
    assert max(chunk.raw for chunk in all_chunks) <= 8


def test_an_added_image_changes_one_chunk(folder, tmp_path):
    """If the chunk was full, it is split."""
    before = names(cut(images(folder), tmp_path))
    add_image(folder, 99)
    after = names(cut(images(folder), tmp_path))
    assert len(before - after) == 1
    assert 1 <= len(after - before) <= 3


def test_a_changed_image_or_mask_changes_its_chunk(folder, tmp_path):
    """The name is that of the content."""
    before = names(cut(images(folder), tmp_path))
    shutil.copy(folder / "masks/001.png", folder / "masks/002.png")
    assert len(before - names(cut(images(folder), tmp_path))) == 1


def test_data_that_moved_keep_their_chunks(folder, tmp_path):
    """Only the address below the data set's root is part of a name."""
    before = names(cut(images(folder), tmp_path))
    folder.rename(tmp_path / "elsewhere")
    assert names(cut(images(tmp_path / "elsewhere"), tmp_path)) == before


@pytest.mark.parametrize("extra", [", intensity: {scale: minmax}", ", labels: binary255", ', patient: "p"'])
def test_a_setting_that_changes_the_objects_changes_every_name(folder, tmp_path, extra):
    """Intensity, labels and patients are such settings."""
    assert names(cut(images(folder), tmp_path)).isdisjoint(names(cut(images(folder, extra), tmp_path)))


def test_the_doubt_about_patients_stands_in_the_chunk_of_the_first_image(folder, tmp_path):
    """Of those that are planned; to state the patients renames this chunk alone."""
    all_chunks = cut(images(folder), tmp_path)
    (chunk,) = (chunk for chunk in all_chunks if chunk.doubts)
    assert [line.image for line in chunk.doubts] == ["000.png"]
    assert "000.png" in [unit.source.image for unit in chunk.units]
    stated = cut(images(folder, ', patient: "{image}"'), tmp_path)
    assert names(all_chunks) - names(stated) == {chunk.name}
    limited = [line.image for chunk in cut(images(folder), tmp_path, limit=2) for line in chunk.doubts]
    assert limited == ["010.png"]  # the middle of the first half


@pytest.mark.parametrize("extra", [", join: majority", ", join: {at_least: 1}", ", unlabelled: empty"])
def test_what_becomes_of_masks_changes_every_name(folder, tmp_path, extra):
    """Of several, and of none."""
    assert names(cut(images(folder), tmp_path)).isdisjoint(names(cut(images(folder, extra), tmp_path)))


def test_a_mask_that_goes_to_another_task_changes_the_name(folder, tmp_path):
    """The files are the same, in the same order."""
    (tmp_path / "data/more").mkdir()
    for number in range(40):
        Image.fromarray(np.full((8, 8), 200 - number, np.uint8)).save(folder / f"more/{number:03}.png")
    first, second = (
        dataset(
            f'{{name: A, modality: CT, images: "{folder}/images/*.png", tasks: {{'
            f"a: {{label: 1, masks: [{', '.join(left)}]}}, b: {{label: 1, masks: [{', '.join(right)}]}}}}}}"
        )
        for own, more in [(f'"{folder}/masks/{{name}}"', f'"{folder}/more/{{name}}"')]
        for left, right in (([own, more], [own]), ([own], [more, own]))
    )
    contents = [[unit.content for chunk in cut(data, tmp_path) for unit in chunk.units] for data in (first, second)]
    assert contents[0] == contents[1]
    assert names(cut(first, tmp_path)).isdisjoint(names(cut(second, tmp_path)))


def test_a_link_that_leads_nowhere_is_planned(folder, tmp_path):
    """It becomes an error when it is read; fetched, it changes its chunk."""
    (folder / "images/dead.png").symlink_to("nowhere.png")
    (folder / "images/dead.nii").symlink_to("nowhere.nii")
    data = dataset(f'{{name: A, modality: CT, images: "{folder}/images/dead.*", masks: "{folder}/masks/{{name}}", '
                   "tasks: {organ: 1}}")  # fmt: skip
    units = {unit.source.image: unit for chunk in cut(data, tmp_path) for unit in chunk.units}
    assert {name: (unit.content, unit.slices) for name, unit in units.items()} == {
        "dead.png": (("dead link", "missing"), (0,)), "dead.nii": (("dead link", "missing"), (0,)),
    }  # fmt: skip
    before = names(cut(data, tmp_path))
    shutil.copy(folder / "images/001.png", folder / "images/nowhere.png")
    assert len(before - names(cut(data, tmp_path))) == 1


def test_windows_that_differ_in_the_seventh_digit_have_other_names(folder, tmp_path):
    """Otherwise the rows of one would be taken for those of the other."""
    first, second = (images(folder, f", intensity: {{window: [{centre}, 400]}}") for centre in (1234567, 1234568))
    assert names(cut(first, tmp_path)).isdisjoint(names(cut(second, tmp_path)))


def volume(slices):
    return dataset(
        f'{{name: M, modality: MRI, images: {MNI}, slices: {slices}, tasks: {{b: {{masks: "{{image}}", above: 0}}}}}}'
    )


def test_a_volume_is_cut_into_consecutive_slices(tmp_path):
    """Its header states 189 axial slices."""
    cut_chunks = cut(volume("{axis: axial, keep: all}"), tmp_path, size=64)
    assert [chunk.units[0].slices for chunk in cut_chunks] == [
        tuple(range(0, 64)), tuple(range(64, 128)), tuple(range(128, 189)),
    ]  # fmt: skip


def test_a_volume_of_which_the_largest_slice_is_wanted_is_one_chunk(tmp_path):
    """The slices have to be compared, however many they are."""
    (chunk,) = cut(volume("{axis: sagittal, keep: largest}"), tmp_path, size=64)
    assert chunk.raw == 197


def test_named_slices_are_planned_alone(tmp_path):
    """They are named by number, or as every n-th."""
    assert cut(volume("{indices: [7, 3]}"), tmp_path)[0].units[0].slices == (3, 7)
    (chunk,) = cut(volume("{keep: {every: 50}}"), tmp_path)
    assert chunk.units[0].slices == (0, 50, 100, 150)


def test_a_limit_takes_raw_slices_evenly_from_a_volume(tmp_path):
    """The first slices of a volume are often empty."""
    (chunk,) = cut(volume("{axis: axial, keep: labelled}"), tmp_path, limit=3)
    assert chunk.units[0].slices == (31, 94, 157)


def test_a_limit_takes_images_evenly_from_a_folder(folder, tmp_path):
    """A limit beyond their number takes all."""
    assert sum(chunk.raw for chunk in cut(images(folder), tmp_path, limit=5)) == 5
    assert sum(chunk.raw for chunk in cut(images(folder), tmp_path, limit=500)) == 40
