"""Which images a preview reads of a data set, and which slices of a volume."""

import nibabel
import numpy as np
import pytest

from job.datasets.discover import survey
from job.plan.preview import Looking, evenly, see
from job.prompts.blocks import PromptBlock
from job.prompts.draw import Draw
from job.prompts.modes import Target
from job.prompts.placing import prompts_of_modes
from job.storage import InputCache
from job.study.dataset import Dataset


def look(folder, object_px, count, pattern="image.nii", secret=None, blocks=(), seed=0, **slices):
    """Return what is seen of volumes, with as many pixels of the object in each slice as `object_px` says."""
    mask = np.zeros((5, 5, len(object_px)), np.uint8)
    for index, pixels in enumerate(object_px):
        mask[..., index].flat[:pixels] = 1
    values = np.arange(mask.size, dtype=np.int16).reshape(mask.shape)
    for name, array in (("image", values), ("mask", mask)):
        nibabel.save(nibabel.Nifti1Image(array, np.diag([2, 2, 2, 1])), folder / f"{name}.nii")
    dataset = Dataset.model_validate(
        {
            "name": "Set",
            "modality": "CT",
            "images": f"{folder}/{pattern}",
            "masks": f"{folder}/mask.nii",
            "tasks": {"disc": 1},
            "intensity": {"scale": "minmax"},
            "slices": slices,
            "pseudonymise": secret,
        }
    )
    looking = Looking(cache=InputCache(folder / "cache", 10**9), max_image_px=10**6, blocks=blocks, seed=seed)
    return see(dataset, survey(dataset), count, looking)


def slices(seen):
    return [image.slice for image in seen.images]


@pytest.mark.parametrize(
    ("count", "chosen"), [(1, [5]), (2, [2, 7]), (5, [1, 3, 5, 7, 9]), (10, list(range(10))), (99, list(range(10)))]
)
def test_images_are_evenly_spaced(count, chosen):
    """Each from the middle of an equal part."""
    assert evenly(range(10), count) == chosen


def test_slices_with_an_object_are_preferred(tmp_path):
    """Two of four are shown, from the middle of each half."""
    seen = look(tmp_path, [0, 0, 1, 2, 3, 4, 0, 0], 2)
    assert slices(seen) == [3, 5]
    assert [image.objects[0].pixels for image in seen.images] == [2, 4]


def test_of_the_largest_slice_only_that_is_shown(tmp_path):
    """A run evaluates no other."""
    assert slices(look(tmp_path, [1, 3, 2], 2, keep="largest")) == [1]


def test_a_slice_beyond_the_volume_is_an_error_line(tmp_path):
    """The others are shown."""
    seen = look(tmp_path, [1, 1, 1], 6, indices=(1, 9))
    assert slices(seen) == [1]
    assert [(line.kind, line.reason, line.slice) for line in seen.lines] == [("error", "no such slice", 9)]


def test_a_volume_without_an_object_is_shown_with_its_line(tmp_path):
    """Though a run would leave it out: its pixels may show why."""
    seen = look(tmp_path, [0, 0, 0], 1)
    assert slices(seen) == [1]
    assert [line.detail for line in seen.lines] == ["in none of the 3 slices of the volume"]


def test_few_volumes_share_the_images(tmp_path):
    """Three images of two volumes, one and two."""
    one = look(tmp_path, [1, 1, 1, 1], 3)
    assert slices(one) == [0, 2, 3]
    for number in (1, 2):
        (tmp_path / f"image{number}.nii").write_bytes((tmp_path / "image.nii").read_bytes())
    two = look(tmp_path, [1, 1, 1, 1], 3, pattern="image?.nii")
    assert [(image.image, image.slice) for image in two.images] == [
        ("image1.nii", 2),
        ("image2.nii", 1),
        ("image2.nii", 3),
    ]
    assert (two.read, two.files) == (2, 2)


def test_levels_are_those_of_the_rule(tmp_path):
    """By default of each slice; with `per: volume` they would be 0 and 74."""
    (image,) = look(tmp_path, [0, 1, 0], 1).images
    assert image.values[""].levels == (1, 73)


@pytest.mark.parametrize(("secret", "shown"), [(None, True), ("a secret of sixteen letters", False)])
def test_the_listing_names_files_unless_they_have_pseudonyms(tmp_path, secret, shown):
    """Here of a link that leads nowhere."""
    (tmp_path / "image2.nii").symlink_to(tmp_path / "gone.nii")
    listed = look(tmp_path, [0, 1, 0], 1, pattern="image*.nii", secret=secret).listed
    assert listed.startswith("Set: 2 images, each its own patient; 1 link") == shown
    assert ("1 link that leads nowhere (image2.nii)" in listed) == shown


@pytest.mark.parametrize("seed", range(8))
def test_prompts_are_those_that_a_run_draws(tmp_path, seed):
    """One of the two deepest pixels of an object of five by two, by seed, image, slice and task."""
    modes = PromptBlock(protocol="one-shot", prompts=("largest_point",), mask_choices=("single",))
    (image,) = look(tmp_path, [0, 10, 0], 1, blocks=(modes,), seed=seed).images
    (object_,) = image.objects
    draw = Draw(seed=seed, image="image.nii", slice=1, task="disc")
    ((prompt,),) = prompts_of_modes(modes, Target(object_.truth_HW), draw).values()
    assert [first.place for first in object_.prompts] == [(point.x, point.y) for point in prompt.points]
    assert prompt.points[0].ties > 1
