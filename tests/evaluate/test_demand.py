"""The memory that an evaluation takes, worked out by hand, and the portions into which it is divided."""

import numpy as np
import pytest

from job.datasets.sample import Sample, TaskObject
from job.evaluate.demand import Portion, demand
from job.models.protocol import Capabilities, Need
from job.prompts.blocks import PromptBlock

MODES = PromptBlock(protocol="one-shot", prompts=("whole_box", "each_box"), mask_choices=("oracle",))
CLICKS = PromptBlock(protocol="ritm", prompts=("clicks",), mask_choices=("first", "oracle"), steps=5)


class Needing:
    """Needs 7 bytes to encode, 10 for an image, 100 for an episode, and 1,000 for each request; it has one mask."""

    capabilities = Capabilities(points=True, boxes=True, multimask=False, mask_input="always")

    def needs(self, height, width):
        return Need(encode=7, image=10, episode=100, predict=lambda requests: 1000 * requests)


def sample(side, objects):
    mask = np.ones((side, side), np.bool_)
    return Sample(
        dataset="", modality="", image="", axis="none", slice=0, volume="", patient="", spacing=None, intensity="",
        image_HWC=np.zeros((side, side, 3), np.uint8),
        objects=tuple(TaskObject(task=str(task), truth_HW=mask, labelled_HW=mask) for task in range(objects)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("blocks", "device", "host"),
    [
        (
            [MODES],
            10 + 10 + 3 * (1000 + 3 * 400),
            4 * 400 * 12,
        ),  # the boxes of an object share a call; four threads, the larger image
        (
            [CLICKS],
            10 + 10 + 6 * 100 + 2 * (1000 + 3 * 400),
            2 * 2 * 100 // 8 + 4 * 2 * 400 // 8 + 4 * 400 * 32,
        ),  # 1 and 2 objects, 2 choices
        (
            [MODES, CLICKS],
            10 + 10 + 3 * (1000 + 3 * 400),
            2 * 2 * 100 // 8 + 4 * 2 * 400 // 8 + 4 * 400 * 32,
        ),  # the costliest counts
    ],
)
def test_two_images_of_100_and_400_pixels_in_batches_of_two(blocks, device, host):
    """Bytes on the device and on the host."""
    assert demand(Needing(), [sample(10, 1), sample(20, 2)], blocks, batch=2, threads=4) == (device, host)


def test_portions_shrink_by_the_batch_and_then_by_the_images():
    """Down to one request on one image."""
    portion, seen = Portion(images=5, batch=5), []
    while portion := portion.smaller():
        seen.append(tuple(portion))
    assert seen == [(5, 2), (5, 1), (2, 1), (1, 1)]


@pytest.mark.parametrize("blocks", [[MODES], [CLICKS]])
def test_the_largest_image_counts_wherever_it_stands(blocks):
    """And each by its own height and width."""
    asked = []

    class Asked(Needing):
        def needs(self, height, width):
            asked.append((height, width))
            return super().needs(height, width)

    both = [sample(20, 2), sample(10, 1)]
    assert demand(Asked(), both, blocks, 2, 4) == demand(Needing(), both[::-1], blocks, 2, 4)
    assert asked == [(20, 20), (10, 10)]
