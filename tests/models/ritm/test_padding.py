"""Inputs of different sizes in one pass have the numbers of a pass of their own."""

import pytest
import torch
from torch.nn.functional import conv2d, interpolate, pad

from job.models.ritm.extent import LEVELS, extents_of, rectified, resize
from job.models.ritm.folded import folded
from tests.models.compare import assert_close
from tests.models.ritm.oracle import VARIANTS, exact_pass, network
from tests.shared import needs_shared

SIZES = [(61, 97), (97, 40), (1, 80), (97, 97), (33, 1), (17, 18)]
POINTS = torch.tensor([[[13.0, 12, 0], [20, 38, 1], [-1, -1, -1], [30, 3, 2]]])


def padded(inputs, fill=0.0):
    height, width = (max(x.shape[axis] for x in inputs) for axis in (2, 3))
    return torch.cat([pad(x, (0, width - x.shape[3], 0, height - x.shape[2]), value=fill) for x in inputs])


@needs_shared
@pytest.mark.parametrize("fold", [False, True], ids=["as released", "folded"])
@torch.inference_mode()
def test_a_padded_input_has_the_logits_of_one_by_itself(fold):
    """Within 1e-5 of the largest, whatever the padding holds; beyond an input the logits are zero."""
    torch.manual_seed(0)
    tested = folded(network("hrnet18s")) if fold else network("hrnet18s")
    inputs = [torch.rand(1, 4, *size) for size in SIZES]
    together = tested(padded(inputs, fill=7.0), POINTS.expand(len(SIZES), -1, -1), torch.tensor(SIZES))
    for index, (image, (height, width)) in enumerate(zip(inputs, SIZES, strict=True)):
        for logits, alone in zip(together, tested(image, POINTS), strict=True):
            assert_close(logits[index : index + 1, :, :height, :width], alone, 1e-5)
            assert logits[index].count_nonzero() <= height * width


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
@torch.inference_mode()
def test_a_padded_pass_has_the_numbers_of_the_network_in_double_precision(arch):
    """Both outputs of the folded network are within 1e-5 of the largest magnitude."""
    image, points, exact = exact_pass(arch)
    height, width = image.shape[2:]
    other = torch.rand(len(image), 4, height + 70, width + 33)
    sizes = torch.tensor([[height, width]] * len(image) + [[height + 70, width + 33]] * len(image))
    together = folded(network(arch))(padded([image, other]), points.repeat(2, 1, 1), sizes)
    for logits, double in zip(together, exact, strict=True):
        assert_close(logits[: len(image), :, :height, :width], double, 1e-5)


def test_sizes_are_halved_as_convolutions_of_stride_2_do():
    """Five times, each rounded up."""
    sizes = torch.arange(1, 70).repeat(2, 1).T
    extents = extents_of(sizes, (69, 69), torch.float32)
    x = torch.zeros(1, 1, 69, 69)
    for level in range(LEVELS):
        assert extents[level].shape == tuple(x.shape[2:])
        for size, halved in zip(sizes, extents[level].sizes_B2.tolist(), strict=True):
            y = torch.zeros(1, 1, *size)
            for _ in range(level):
                y = conv2d(y, torch.zeros(1, 1, 3, 3), stride=2, padding=1)
            assert list(y.shape[2:]) == halved
        x = conv2d(x, torch.zeros(1, 1, 3, 3), stride=2, padding=1)


def test_relu_leaves_nothing_beyond_an_input():
    """Inside, it is ReLU and keeps what is not a number."""
    [extent, *_] = extents_of(torch.tensor([[1, 2]]), (2, 3), torch.float32)
    x = torch.tensor([[[[-1.0, torch.nan, 5], [6, 7, 8]]]])
    assert rectified(x, extent).nan_to_num(9).tolist() == [[[[0, 9, 0], [0, 0, 0]]]]


@pytest.mark.parametrize("sizes", [[(8, 13), (3, 20)], [(1, 1), (20, 1)]])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_each_member_is_resized_from_its_own_size_to_its_own_size(sizes, dtype):
    """As `interpolate` does with it alone; coordinates have the digits of float32 in any case."""
    torch.manual_seed(0)
    target, source, *_ = extents_of(torch.tensor(sizes), (20, 20), dtype)
    smaller = [torch.rand(1, 2, (height + 1) // 2, (width + 1) // 2, dtype=dtype) for height, width in sizes]
    x = torch.zeros(2, 2, 10, 10, dtype=dtype)
    for index, each in enumerate(smaller):
        x[index, :, : each.shape[2], : each.shape[3]] = each
    resized = resize(x, (20, 20), source, target)
    assert resized.dtype == dtype
    for actual, each, size in zip(resized, smaller, sizes, strict=True):
        expected = interpolate(each.float(), size, mode="bilinear", align_corners=True)[0]
        assert_close(actual[:, : size[0], : size[1]].float(), expected, 1e-5 if dtype == torch.float32 else 1e-2)
        assert actual.count_nonzero() <= 2 * size[0] * size[1]
