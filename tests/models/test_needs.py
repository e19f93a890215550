"""What a model says that it needs is at least what was measured, and not much more."""

import pytest
import torch

from job.models.device import Device
from job.models.families.lite_medsam_clicks import CAPABILITIES
from job.models.lite_medsam import LiteMedSamModel, build_lite_medsam
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork
from job.models.simpleclick.architecture import ARCHITECTURES as SIMPLECLICK
from job.models.simpleclick.model import simpleclick_model
from job.models.simpleclick.network import SimpleClickNetwork

CPU = Device.of(torch.device("cpu"))
MIB = 1 << 20


def ritm(arch, **options):
    return ritm_model(RitmNetwork(ARCHITECTURES[arch]), CPU, **options)


@pytest.mark.parametrize(
    ("arch", "side", "measured"), [("hrnet18s", 1024, 1145), ("hrnet18s", 2048, 4753), ("hrnet32", 2048, 8360)]
)
def test_ritm_on_a_whole_image(arch, side, measured):
    """MiB, from benchmarks/memory_by_model_cpu_202611.md."""
    needed = ritm(arch).needs(side, side).predict(1) / MIB
    assert measured <= needed <= 1.3 * measured


def test_ritm_without_flip_takes_half():
    """The second half of a pass is the mirrored image."""
    with_flip, without = (ritm("hrnet18s", flip=flip).needs(1000, 1000).predict(1) for flip in (True, False))
    outputs = 5 * 1000 * 1000
    assert with_flip - outputs == 2 * (without - outputs)


def test_later_clicks_of_ritm_see_400_pixels_of_a_small_image():
    """Zoom-in enlarges them, so the smallest image needs as much as one of 400 x 400, outputs aside."""
    small, large = (ritm("hrnet18s").needs(side, side).predict(1) for side in (10, 400))
    assert large - small == 5 * (400**2 - 10**2)


@pytest.mark.parametrize(
    ("arch", "side", "requests", "measured"),
    [("vit_b", 256, 1, 307), ("vit_b", 256, 4, 809), ("vit_xt", 256, 1, 120), ("vit_xt", 5120, 1, 1633)],
)
def test_simpleclick_is_given_no_less_than_was_measured(arch, side, requests, measured):
    """MiB, from benchmarks/memory_by_model_cpu_202611.md. Large images take their memory while they are cropped."""
    model = simpleclick_model(SimpleClickNetwork(SIMPLECLICK[arch]), CPU)
    assert measured <= model.needs(side, side).predict(requests) / MIB <= 1.9 * measured


def test_lite_medsam_with_clicks_by_number_of_requests():
    """On 1024 x 1024 pixels: 467 MiB for 8 requests, 1,528 for 32, as measured."""
    need = LiteMedSamModel(build_lite_medsam(), capabilities=CAPABILITIES, device=CPU).needs(1024, 1024)
    assert 467 <= need.predict(8) / MIB <= 1.3 * 467
    assert 1528 <= need.predict(32) / MIB <= 1.3 * 1528
