"""In portrait and landscape images, objects are outlined where they are clicked; computed by hand with the stand-in."""

import numpy as np
import pytest
import torch

from job.models.device import Device
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork
from tests.models.click_based.stand_in import CPU, StandIn, request, trajectory

SIZES = {"portrait": (700, 300), "landscape": (300, 700), "square": (300, 300)}
each_size = pytest.mark.parametrize(("height", "width"), SIZES.values(), ids=SIZES)

# 5 - distance / 8 > log(0.49 / 0.51) where the distance is below 40.32 px, so where its square is at most 1625.
LARGEST_SQUARE = 1625


def grey(height, width):
    return np.full((height, width, 3), 100, np.uint8)


def disc(height, width, row, column):
    rows, columns = np.mgrid[:height, :width]
    return (rows - row) ** 2 + (columns - column) ** 2 <= LARGEST_SQUARE


@each_size
@pytest.mark.parametrize("flip", [True, False])
def test_the_first_mask_is_a_disc_about_the_click(height, width, flip):
    """The network sees the whole image. The flipped image's logits are the same, so flipping changes nothing."""
    row, column = height - 60, 45
    [prediction] = trajectory(ritm_model(StandIn(), CPU, flip=flip), grey(height, width), [(1, row, column)])
    assert np.array_equal(prediction.masks_CHW[0].numpy(), disc(height, width, row, column))


@each_size
def test_the_second_click_is_outlined_in_the_roi(height, width):
    """The roi, about the first disc and the second click, has sides of 200 px, which become 400 px: a scale of 2.

    A disc of 40 px in the network's input is one of 20 px in the image. No previous mask lies left of the click.
    """
    row, column = height - 100, width - 90
    clicks = [(1, row, column), (1, row, column - 60)]
    prediction = trajectory(ritm_model(StandIn(), CPU), grey(height, width), clicks)[-1]
    assert prediction.mask_inputs_C[0].roi == (row - 100, height - 1, column - 110, width - 1)
    mask_HW = prediction.masks_CHW[0].numpy()
    rows, columns = np.mgrid[:height, :width]
    distance_HW, is_left_HW = np.hypot(rows - row, columns - (column - 60)), columns < column - 60
    assert mask_HW[is_left_HW & (distance_HW < 19)].all()
    assert not mask_HW[is_left_HW & (distance_HW > 22)].any()
    assert mask_HW[row, column]


@each_size
def test_a_negative_click_removes_its_surroundings(height, width):
    """A click at the disc's lower rim is outside the next mask; the mask's centre remains."""
    row, column = 60, width // 2
    clicks = [(1, row, column), (0, row + 36, column)]
    first, second = trajectory(ritm_model(StandIn(), CPU), grey(height, width), clicks)
    assert first.masks_CHW[0, row + 36, column]
    assert not second.masks_CHW[0, row + 36, column]
    assert second.masks_CHW[0, row, column]


def test_clicks_are_drawn_in_float32_also_under_bfloat16():
    """The maps that enter the click branch equal those of the float32 model to the last bit."""
    network, maps = RitmNetwork(ARCHITECTURES["hrnet18s"]), []
    network.maps_transform.register_forward_pre_hook(lambda module, arguments: maps.append(arguments[0]))
    for device in (CPU, Device.of(torch.device("cpu"), "bf16")):
        model = ritm_model(network, device)
        model.predict([request(*model.encode([grey(80, 330)]), [(1, 41, 301), (0, 3, 259)])])
    full, lower = maps
    assert lower.dtype == torch.float32
    assert torch.equal(lower, full)
    assert full[0, 1].nonzero().float().mean(dim=0).tolist() == [41, 301]
