"""The network for evaluation has the numbers of the released one."""

import numpy as np
import pytest
import torch
from torch import nn

from job.models.device import Device
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.click_branch import Scale
from job.models.ritm.folded import folded
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork
from tests.models.click_based.stand_in import request
from tests.models.compare import assert_close
from tests.models.ritm.oracle import VARIANTS, exact_pass, network
from tests.shared import needs_shared


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
@torch.inference_mode()
def test_one_pass_has_the_numbers_of_the_network_in_double_precision(arch):
    """Both outputs before the sigmoid are within 1e-5 of the largest magnitude."""
    image, points, exact = exact_pass(arch)
    for ours, double in zip(folded(network(arch))(image, points), exact, strict=True):
        assert_close(ours, double, 1e-5)


def test_nothing_is_left_to_fold():
    """Neither a batch norm nor a scale; the original is unchanged."""
    original = RitmNetwork(ARCHITECTURES["hrnet18s"])
    before = {key: value.clone() for key, value in original.state_dict().items()}
    assert not [m for m in folded(original).modules() if isinstance(m, nn.BatchNorm2d | Scale)]
    assert all(torch.equal(value, before[key]) for key, value in original.state_dict().items())
    assert original.training


@pytest.mark.parametrize("at_once", [False, True])
def test_weights_are_cast_once(at_once):
    """In bfloat16, convolutions have weights of that type, and probabilities stay close to those of float32."""
    torch.manual_seed(0)
    original = RitmNetwork(ARCHITECTURES["hrnet18s"])
    lower = folded(original, torch.bfloat16)
    assert {parameter.dtype for parameter in lower.parameters()} == {torch.bfloat16}
    assert {buffer.dtype for buffer in lower.buffers()} == {torch.float32}
    images = [np.full((80, 330, 3), 100, np.uint8), np.full((90, 64, 3), 50, np.uint8)]
    probabilities = []
    for each, precision in ((lower, "bf16"), (original, "fp32")):
        model = ritm_model(each, Device.of(torch.device("cpu"), precision), at_once=at_once)
        predictions = model.predict([request(encoded, [(1, 41, 31)]) for encoded in model.encode(images)])
        probabilities.append([prediction.mask_inputs_C[0].probability_HW for prediction in predictions])
    for actual, expected in zip(*probabilities, strict=True):
        assert actual.dtype == torch.float32
        assert_close(actual, expected, 1e-2)
