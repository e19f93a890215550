"""The network is the official one: its keys, its shapes, its numbers; and it can be trained."""

import numpy as np
import pytest
import torch

from job.models.ritm.architecture import ARCHITECTURES, RitmArch
from job.models.ritm.network import RitmNetwork
from tests.models.ritm.oracle import FOLDER, VARIANTS, manifest, network
from tests.shared import needs_shared


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_keys_and_shapes_are_those_of_the_official_checkpoints(arch):
    """No key more, none fewer, normalisation included."""
    with torch.device("meta"):
        shapes = {key: list(value.shape) for key, value in RitmNetwork(ARCHITECTURES[arch]).state_dict().items()}
    assert shapes == manifest(arch)["shapes"]


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_the_architectures_are_those_of_the_official_configs(arch):
    """Widths and common flags, by name."""
    facts = manifest(arch)
    assert ARCHITECTURES[arch] == RitmArch(**facts["config"], **facts["common"])


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_one_pass_gives_the_official_numbers(arch):
    """Both outputs, within 1e-4 before the sigmoid."""
    with np.load(FOLDER / f"forward_{VARIANTS[arch]}.npz") as oracle, torch.inference_mode():
        image = torch.cat([torch.from_numpy(oracle["image"]), torch.from_numpy(oracle["prev_mask"])], dim=1)
        out = network(arch)(image, torch.from_numpy(oracle["points"]))
        np.testing.assert_allclose(out.instances, oracle["instances"], rtol=0, atol=1e-4)
        np.testing.assert_allclose(out.aux, oracle["instances_aux"], rtol=0, atol=1e-4)


def test_both_outputs_train_the_network():
    """In training mode both losses reach the click branch and the first convolution."""
    made = RitmNetwork(ARCHITECTURES["hrnet18s"]).train()
    out = made(torch.rand(2, 4, 64, 64), torch.tensor([[[20.0, 30, 0], [-1, -1, -1]]] * 2))
    (out.instances.mean() + out.aux.mean()).backward()
    assert made.maps_transform[0].weight.grad.abs().sum() > 0
    assert made.feature_extractor.conv1.weight.grad.abs().sum() > 0
