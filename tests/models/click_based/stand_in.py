"""A stand-in network whose output can be computed by hand, and trajectories of clicks on one object."""

import numpy as np
import torch
from torch import nn

from job.models.device import Device
from job.models.protocol import Request
from tests.models.compare import assert_close

CPU = Device.of(torch.device("cpu"), "fp32")


class StandIn(nn.Module):
    """Logits: 5 - distance to the nearest positive click / 8, less near negative clicks, more on the previous mask."""

    bytes_per_px = 1

    def object_logits(self, image, points, sizes_B2=None):
        positive, negative = points.chunk(2, dim=1)
        size = image.shape[2:]
        near = 5 - distances(positive, size) / 8 - 6 * torch.exp(-distances(negative, size) / 6)
        return near + 1.5 * image[:, 3:]


def distances(points, size):
    """Return each pixel's distance to the nearest of the clicks (B, N, 3), as (B, 1, *size); 1e6 without clicks."""
    grid = torch.stack(torch.meshgrid(*(torch.arange(side) for side in size), indexing="ij"), dim=-1)
    each = (grid - points[:, :, None, None, :2]).square().sum(dim=-1).sqrt()
    is_padding = (points[..., :2].amax(dim=-1) < 0)[..., None, None]
    return each.masked_fill(is_padding, 1e6).amin(dim=1, keepdim=True)


def request(encoded, clicks, mask_input=None):
    """Convert clicks in the oracle's form, (positive, row, column), to a request."""
    clicks = np.asarray(clicks, dtype=np.int32)
    return Request(image=encoded, points_N2=clicks[:, [2, 1]], labels_N=clicks[:, 0], mask_input=mask_input)


def trajectory(model, image, clicks):
    """Return the predictions for one object after each click."""
    [encoded] = model.encode([image])
    predictions, mask_input = [], None
    for step in range(1, len(clicks) + 1):
        [prediction] = model.predict([request(encoded, clicks[:step], mask_input)])
        [mask_input] = prediction.mask_inputs_C
        predictions.append(prediction)
    return predictions


def noise(height, width, seed=0):
    """Return an image of random pixels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def assert_follows(predictions, probabilities, rois):
    """Compare rois (-1: none) and probabilities after each click with official ones."""
    mask_inputs = [prediction.mask_inputs_C[0] for prediction in predictions]
    assert [list(mask_input.roi or (-1,) * 4) for mask_input in mask_inputs] == rois.tolist()
    for mask_input, expected in zip(mask_inputs, probabilities, strict=True):
        assert_close(mask_input.probability_HW, expected, 2e-3)  # the reference is float16
