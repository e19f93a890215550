"""How often the host waits for a GPU in a whole block of prompts: as often for many objects as for few."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from job.datasets.sample import Sample, TaskObject
from job.evaluate import Conditions, encode, evaluate
from job.evaluate.lanes import IN_TURN
from job.models.protocol import PromptableModel
from job.prompts.blocks import PromptBlock
from job.testing import random_image
from tests.models.waits import counted

RESULTS = 2
"""The figures of a call, and the chosen masks."""
SIZES = [(40, 56), (48, 48)]


def sample(index: int) -> Sample:
    """Draw one image with one object; every second image has another size."""
    height, width = SIZES[index % len(SIZES)]
    truth_HW = np.zeros((height, width), np.bool_)
    truth_HW[8 : 20 + index, 10:30] = True
    obj = TaskObject(task="square", truth_HW=truth_HW, labelled_HW=truth_HW)
    return Sample(
        dataset="A", modality="CT", image=f"{index}.png", axis="none", slice=0, volume="", patient="", spacing=None,
        intensity="", image_HWC=random_image(height, width, seed=index), objects=(obj,),
    )  # fmt: skip


def waits(model: PromptableModel, block: PromptBlock, objects: int) -> int:
    """Evaluate a block on so many objects; return how often the host would have waited for a GPU."""
    samples = [sample(index) for index in range(objects)]
    encoded = encode(model, samples, [model.prepare(sample.image_HWC) for sample in samples])
    with ThreadPoolExecutor(2) as pool, counted() as found:
        rows = list(evaluate(model, encoded, block, Conditions(seed=0, batch=1000), pool))
    assert len(rows) == objects * block.episodes * block.steps
    return len(found)


@pytest.mark.parametrize("objects", [1, 3])
def test_modes_wait_once_for_figures_and_once_for_masks(lite_medsam_clicks: PromptableModel, objects: int) -> None:
    """All modes, all choices, all objects of one call."""
    modes = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")
    block = PromptBlock(protocol="one-shot", prompts=modes, mask_choices=("first", "score", "oracle"))
    assert waits(lite_medsam_clicks, block, objects) == RESULTS


@pytest.mark.parametrize("objects", [2, 4])
def test_each_click_waits_once_for_figures_and_once_for_masks(
    lite_medsam_clicks: PromptableModel, objects: int
) -> None:
    """In each of the two lanes."""
    block = PromptBlock(protocol="ritm", prompts=("clicks",), mask_choices=("first", "oracle"), steps=3)
    assert waits(lite_medsam_clicks, block, objects) == IN_TURN * 3 * RESULTS


@pytest.mark.parametrize("objects", [2, 4])
def test_ritm_waits_once_more_for_where_the_masks_lie(ritm: PromptableModel, objects: int) -> None:
    """From the second click on: the zoom-in follows the mask."""
    block = PromptBlock(protocol="ritm", prompts=("clicks",), mask_choices=("single",), steps=2)
    assert waits(ritm, block, objects) == IN_TURN * (2 * RESULTS + 1)
