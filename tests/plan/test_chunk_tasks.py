"""The edges of chunks: their size, their order, the masks of a task, and a volume that cannot be read."""

import pytest

from tests.plan.test_chunks import MNI, cut, dataset, folder, images, names

__all__ = ["folder"]


def own_masks(folder):
    """Return the data set in which the task, not the data set, names the masks."""
    return dataset(
        f'{{name: A, modality: CT, images: "{folder}/images/*.png", '
        f'tasks: {{organ: {{label: 1, masks: "{folder}/masks/{{name}}"}}}}}}'
    )


def test_masks_of_a_task_that_moved_keep_their_chunks(folder, tmp_path):
    """A name depends on the content of the masks, not on their address."""
    before = names(cut(own_masks(folder), tmp_path))
    folder.rename(tmp_path / "elsewhere")
    assert names(cut(own_masks(tmp_path / "elsewhere"), tmp_path)) == before


def test_a_volume_with_an_unreadable_header_is_planned_with_slice_0(tmp_path):
    """A run records its error when it loads the slice."""
    for kind in ("images", "masks"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "a.nii").write_bytes(b"no header")
    volumes = dataset(
        f'{{name: A, modality: CT, images: "{tmp_path}/images/*.nii", masks: "{tmp_path}/masks/{{name}}", '
        "tasks: {organ: 1}}"
    )
    (chunk,) = cut(volumes, tmp_path)
    assert [unit.slices for unit in chunk.units] == [(0,)]


def test_as_many_images_as_the_size_are_one_chunk_in_the_order_of_their_addresses(folder, tmp_path):
    """Their hashes decide only where a larger group is split."""
    (chunk,) = cut(images(folder), tmp_path, size=40)
    assert [unit.source.image for unit in chunk.units] == [f"{number:03}.png" for number in range(40)]


@pytest.mark.parametrize("indices", [[3], [3, 5, 9]])
def test_chunks_of_size_1_have_one_slice_each(tmp_path, indices):
    """No slice is lost, and no chunk is empty."""
    volume = dataset(
        f"{{name: T1, modality: MRI, images: '{MNI}', masks: '{MNI}', tasks: {{brain: any}}, "
        f"slices: {{indices: {indices}}}}}"
    )
    slices = [unit.slices for chunk in cut(volume, tmp_path, size=1) for unit in chunk.units]
    assert slices == [(index,) for index in indices]
