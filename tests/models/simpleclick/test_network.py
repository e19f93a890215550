"""The network has the keys, shapes and numbers of the official one, and can be trained."""

from copy import deepcopy

import pytest
import torch

from job.models.cast import cast_products
from job.models.simpleclick.architecture import ARCHITECTURES
from job.models.simpleclick.network import UNUSED, SimpleClickNetwork
from tests.models.compare import assert_close
from tests.models.simpleclick.oracle import manifest, network, official_pass
from tests.shared import needs_shared


@needs_shared
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_keys_and_shapes_are_those_of_the_official_checkpoints(arch):
    """Apart from those that are not used; none of which is the network's."""
    with torch.device("meta"):
        shapes = {key: list(value.shape) for key, value in SimpleClickNetwork(ARCHITECTURES[arch]).state_dict().items()}
    official = manifest(arch)["shapes"]
    assert shapes == {key: shape for key, shape in official.items() if not key.startswith(UNUSED)}
    assert all(any(key.startswith(unused) for key in official) for unused in UNUSED if "xt" not in arch)


@needs_shared
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_the_architectures_are_those_of_the_official_configs(arch):
    """Sizes and the radius of the disks are equal."""
    official = manifest(arch)["config"] | manifest(arch)["common"]
    ours = ARCHITECTURES[arch]
    for name in ("embed_dim", "depth", "num_heads", "norm_radius", "head_channels"):
        assert getattr(ours, name) == official[name]
    assert [ours.img_size] * 2 == official["img_size"]
    assert [ours.patch_size] * 2 == official["patch_size"]
    assert list(ours.neck_dims) == official["neck_out_dims"]


@needs_shared
@pytest.mark.parametrize("arch", ["vit_xt", "vit_b"])
@torch.inference_mode()
def test_one_pass_gives_the_official_numbers(arch):
    """The output before the sigmoid is within 5e-6 of the largest official magnitude, which is 9 to 20."""
    image, points, official = official_pass(arch)
    assert_close(network(arch)(image, points), official, 5e-6)


@needs_shared
@torch.inference_mode()
def test_weights_are_cast_once():
    """In bfloat16, products have weights of that type, and the output stays close to that of float32."""
    image, points, official = official_pass("vit_xt")
    lower = deepcopy(network("vit_xt"))
    cast_products(lower, torch.bfloat16)
    assert lower.backbone.blocks[0].attn.qkv.weight.dtype == torch.bfloat16
    assert lower.neck.down_4[1].weight.dtype == lower.backbone.pos_embed.dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert_close(lower(image, points).float(), official, 2e-2)


def test_the_output_trains_the_network():
    """Gradients reach both patch embeddings and the position of each patch."""
    trained = SimpleClickNetwork(ARCHITECTURES["vit_xt"]).train()
    image, points = torch.rand(1, 4, 448, 448), torch.tensor([[[20.0, 30, 0], [-1, -1, -1]]])
    trained(image, points).square().mean().backward()
    assert trained.patch_embed_coords.proj.weight.grad.abs().sum() > 0
    assert trained.backbone.patch_embed.proj.weight.grad.abs().sum() > 0
    positions = trained.backbone.pos_embed.grad.abs().sum(dim=2)[0]
    assert (positions[1:] > 0).all()
    assert positions[0] == 0
