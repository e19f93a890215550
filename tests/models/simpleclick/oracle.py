"""SimpleClick's official numbers beside the checkout."""

import json
import runpy
from functools import cache

import numpy as np
import torch

from job.models.simpleclick.architecture import ARCHITECTURES
from job.models.simpleclick.network import UNUSED, SimpleClickNetwork
from tests.shared import SHARED

FOLDER = SHARED / "oracle/simpleclick"


def manifest(arch):
    return json.loads((FOLDER / f"{arch}.json").read_text())


@cache
def weights(arch):
    """Return all weights of an official checkpoint, also those that are not used."""
    state = runpy.run_path(str(FOLDER / "weights.py"))["state_dict"](arch)
    return {key: torch.from_numpy(np.asarray(value)) for key, value in state.items()}


@cache
def network(arch):
    loaded = SimpleClickNetwork(ARCHITECTURES[arch])
    loaded.load_state_dict({key: value for key, value in weights(arch).items() if not key.startswith(UNUSED)})
    return loaded.eval()


def official_pass(arch):
    """Return image (1, 4, 448, 448), points (1, N, 3) and the official output before the sigmoid."""
    with np.load(FOLDER / f"forward_{arch}.npz") as oracle:
        rgb, previous = torch.from_numpy(oracle["image"]) / 255, torch.from_numpy(oracle["prev_mask"]).float()
        return torch.cat([rgb, previous], dim=1), torch.from_numpy(oracle["points"]), oracle["instances"]
