from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from segment_anything import sam_model_registry
from segment_anything.modeling import ImageEncoderViT

from job.models.click_based.model import ClickBasedModel
from job.models.device import Device
from job.models.families.lite_medsam import LiteMedSam
from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.families.ritm import Ritm
from job.models.families.sam import CAPABILITIES
from job.models.families.simpleclick import SimpleClick
from job.models.lite_medsam import LiteMedSamModel
from job.models.registry import build
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.network import RitmNetwork
from job.models.sam import SamModel
from job.models.simpleclick.architecture import ARCHITECTURES as SIMPLECLICK
from job.models.simpleclick.network import SimpleClickNetwork
from job.storage import local_path
from tests.models.requests import randomise


@pytest.fixture(scope="session")
def sam() -> SamModel:
    """SAM with random weights and a narrow encoder of a windowed and a global block; the rest is full size."""
    torch.manual_seed(0)
    network = sam_model_registry["vit_b"]()
    network.image_encoder = ImageEncoderViT(
        embed_dim=128,
        depth=2,
        num_heads=2,
        out_chans=256,
        norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
        use_rel_pos=True,
        window_size=14,
        global_attn_indexes=(1,),
    )
    randomise(network)
    return SamModel(network.eval(), capabilities=CAPABILITIES, device=Device.of(torch.device("cpu")))


@pytest.fixture(scope="session")
def lite_medsam_checkpoint() -> Path:
    path = local_path(LiteMedSam.model_fields["checkpoint"].default)
    assert path is not None
    return path


@pytest.fixture(scope="session")
def lite_medsam(lite_medsam_checkpoint: Path) -> LiteMedSamModel:
    spec = LiteMedSam(name="lite", family="lite_medsam")
    model = build(spec, lite_medsam_checkpoint, torch.device("cpu"), "fp32")
    assert isinstance(model, LiteMedSamModel)
    return model


@pytest.fixture(scope="session")
def clicks_checkpoint() -> Path:
    """The shipped weights of prompt encoder and mask decoder."""
    path = local_path(LiteMedSamClicks.model_fields["checkpoint"].default)
    assert path is not None
    return path


@pytest.fixture(scope="session")
def lite_medsam_clicks(clicks_checkpoint: Path) -> LiteMedSamModel:
    spec = LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")
    model = build(spec, clicks_checkpoint, torch.device("cpu"), "fp32")
    assert isinstance(model, LiteMedSamModel)
    return model


@pytest.fixture(scope="session")
def ritm(tmp_path_factory: pytest.TempPathFactory) -> ClickBasedModel:
    """RITM HRNet18s with random weights, loaded from safetensors."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("ritm") / "h18s.safetensors"
    save_file(RitmNetwork(ARCHITECTURES["hrnet18s"]).state_dict(), path)
    model = build(
        Ritm(name="r", family="ritm", arch="hrnet18s", checkpoint=str(path)), path, torch.device("cpu"), "fp32"
    )
    assert isinstance(model, ClickBasedModel)
    return model


@pytest.fixture(scope="session")
def simpleclick(tmp_path_factory: pytest.TempPathFactory) -> ClickBasedModel:
    """SimpleClick's smallest network with random weights, loaded from safetensors."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("simpleclick") / "xt.safetensors"
    network = SimpleClickNetwork(SIMPLECLICK["vit_xt"])
    randomise(network)
    save_file(network.state_dict(), path)
    spec = SimpleClick(name="s", family="simpleclick", arch="vit_xt", checkpoint=str(path))
    model = build(spec, path, torch.device("cpu"), "fp32")
    assert isinstance(model, ClickBasedModel)
    return model
