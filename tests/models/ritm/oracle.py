"""RITM's official numbers beside the checkout."""

import json
import runpy
from copy import deepcopy
from functools import cache

import numpy as np
import torch

from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import Logits
from tests.shared import SHARED

FOLDER = SHARED / "oracle/ritm"
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
