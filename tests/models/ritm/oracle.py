"""The official numbers beside the checkout, and a stand-in network whose output can be computed by hand."""

import json
import runpy
from copy import deepcopy
from functools import cache

import numpy as np
import torch
from torch import nn

from job.models.device import Device
from job.models.protocol import Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import Logits
from tests.shared import SHARED

FOLDER = SHARED / "oracle/ritm"
CPU = Device.of(torch.device("cpu"), "fp32")
VARIANTS = {"hrnet18s": "h18s", "hrnet18": "h18", "hrnet32": "h32"}


def manifest(arch):
    return json.loads((FOLDER / f"{VARIANTS[arch]}.json").read_text())


@cache
def weights(arch):
    state = runpy.run_path(str(FOLDER / "weights.py"))["state_dict"](VARIANTS[arch])
    return {key: torch.from_numpy(np.asarray(value)) for key, value in state.items()}


@cache
def network(arch):
    loaded = RitmNetwork(ARCHITECTURES[arch])
    loaded.load_state_dict(weights(arch))
    return loaded.eval()


@cache
def official_pass(arch):
    """Return image (1, 4, H, W), points (1, N, 3) and the two outputs before the sigmoid, as the official code has."""
    with np.load(FOLDER / f"forward_{VARIANTS[arch]}.npz") as oracle:
        image = torch.cat([torch.from_numpy(oracle["image"]), torch.from_numpy(oracle["prev_mask"])], dim=1)
        return image, torch.from_numpy(oracle["points"]), Logits(oracle["instances"], oracle["instances_aux"])


@cache
@torch.inference_mode()
def exact_pass(arch):
    """Return image, points and the outputs of our network in double precision.

    They are the referee of float32: the official numbers are rounded by up to 4.7e-6 of the largest themselves.
    """
    image, points, _ = official_pass(arch)
    return image, points, deepcopy(network(arch)).double()(image.double(), points)


class StandIn(nn.Module):
    """Logits: 5 - distance to the nearest positive click / 8, less near negative clicks, more on the previous mask."""

    def forward(self, image, points, sizes_B2=None):
        positive, negative = points.chunk(2, dim=1)
        size = image.shape[2:]
        near = 5 - distances(positive, size) / 8 - 6 * torch.exp(-distances(negative, size) / 6)
        return Logits(near + 1.5 * image[:, 3:], near)


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
