"""What a network of the hub says that it needs is at least what was measured, and not much more.

MiB, from benchmarks/memory_by_model_cpu_202611.md: encoding one image of 1 MP, and requests with all their candidates.
"""

import pytest
import torch
import transformers

from benchmarks.hub_networks import HQ_HUGE, HQ_LARGE, LARGE, REPVIT
from job.models.hub import edgetam, hq_sam, sam2, sam3_tracker
from job.models.hub.memory import needs_of
from job.study.families import installed_family

MIB = 1 << 20
MEASURED = {
    "sam2-hiera_tiny": (sam2, "Sam2", {}, 644, {1: 113, 8: 594, 32: 2394}),
    "sam2-hiera_large": (sam2, "Sam2", {"vision_config": LARGE}, 868, {1: 99, 8: 692}),
    "edgetam": (edgetam, "EdgeTam", {"vision_config": {"backbone_config": REPVIT}}, 454, {1: 108, 8: 623, 32: 2212}),
    "sam3_tracker": (sam3_tracker, "Sam3Tracker", {}, 669, {1: 104, 8: 812, 32: 2303}),
    "hq_sam-vit_b": (hq_sam, "SamHQ", {}, 2651, {1: 185, 8: 1245, 32: 4205}),
    "hq_sam-vit_l": (hq_sam, "SamHQ", HQ_LARGE, 2585, {1: 180, 8: 1208, 32: 4656}),
    "hq_sam-vit_h": (hq_sam, "SamHQ", HQ_HUGE, 2787, {1: 204}),
}


@pytest.fixture(params=MEASURED)
def needed_and_measured(request):
    """The need of a network whose weights have sizes and no values, and what was measured of it."""
    family, name, config, encode, predict = MEASURED[request.param]
    with torch.device("meta"):
        network = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**config))
    multimask = installed_family(family.__name__.rpartition(".")[2]).capabilities.multimask
    side, candidates = int(network.config.prompt_encoder_config.image_size), 3 if multimask else 1
    need = needs_of(
        family.memory_of(network), encode_batch=1, image=0, side=side, candidates=candidates, pixels=1 << 20
    )
    return need, encode, predict


def test_encoding_an_image(needed_and_measured):
    """EdgeTAM's is reckoned with more than was measured."""
    need, encode, _ = needed_and_measured
    assert encode <= need.encode / MIB <= 1.35 * encode


def test_answering_requests(needed_and_measured):
    """One takes least beside what any call takes."""
    need, _, predict = needed_and_measured
    for requests, measured in predict.items():
        assert measured <= need.predict(requests) / MIB <= 1.35 * measured, requests
