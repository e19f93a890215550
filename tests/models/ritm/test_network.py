"""The network has the keys, shapes and numbers of the official one, and can be trained."""

import pytest
import torch

from job.models.ritm.architecture import ARCHITECTURES, SUPPORTED, RitmArch
from job.models.ritm.network import RitmNetwork
from tests.models.compare import assert_close
from tests.models.ritm.oracle import VARIANTS, exact_pass, manifest, network, official_pass
from tests.shared import needs_shared


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_keys_and_shapes_are_those_of_the_official_checkpoints(arch):
    """There are no others, and none is missing; statistics of batch norms are included."""
    with torch.device("meta"):
        shapes = {key: list(value.shape) for key, value in RitmNetwork(ARCHITECTURES[arch]).state_dict().items()}
    assert shapes == manifest(arch)["shapes"]


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_the_architectures_are_those_of_the_official_configs(arch):
    """Widths and options are equal, and flags of the official config have their supported values."""
    official = manifest(arch)["config"] | manifest(arch)["common"]
    flags = {name: official.pop(name) for name in SUPPORTED}
    assert ARCHITECTURES[arch] == RitmArch(**official)
    assert flags == SUPPORTED


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
def test_one_pass_gives_the_official_numbers(arch):
    """Both outputs before the sigmoid are within 5e-6 of the largest official magnitude, which is 18 to 79."""
    *_, official = official_pass(arch)
    *_, exact = exact_pass(arch)
    for ours, theirs in zip(exact, official, strict=True):
        assert_close(ours, theirs, 5e-6)


@needs_shared
@pytest.mark.parametrize("arch", VARIANTS)
@torch.inference_mode()
def test_one_pass_in_float32_has_the_numbers_of_double_precision(arch):
    """Both outputs are within 1e-5 of the largest magnitude."""
    image, points, exact = exact_pass(arch)
    for single, double in zip(network(arch)(image, points), exact, strict=True):
        assert_close(single, double, 1e-5)


def test_both_outputs_train_the_network():
    """In training mode, gradients of both outputs reach the click branch and the first convolution."""
    trained = RitmNetwork(ARCHITECTURES["hrnet18s"]).train()
    out = trained(torch.rand(2, 4, 64, 64), torch.tensor([[[20.0, 30, 0], [-1, -1, -1]]] * 2))
    (out.instances.mean() + out.aux.mean()).backward()
    assert trained.maps_transform[0].weight.grad.abs().sum() > 0
    assert trained.feature_extractor.conv1.weight.grad.abs().sum() > 0
