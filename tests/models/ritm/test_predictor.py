"""RITM's predictor follows its authors' own, with the same rois and probabilities."""

import numpy as np
import pytest
import torch

from job.models.click_based.feedback import PreviousMask, tight_bounds
from job.models.host_copy import HostCopy
from job.models.ritm.folded import folded
from job.models.ritm.model import ritm_model
from tests.models.click_based.stand_in import CPU, StandIn, assert_follows, noise, request, trajectory
from tests.models.ritm.oracle import FOLDER, VARIANTS, network
from tests.shared import needs_shared

SWITCHES = {
    "zoom_flip": {},
    "zoom_noflip": {"flip": False},
    "plain_flip": {"zoom_in": False},
    "plain": {"zoom_in": False, "flip": False},
}
each_way = pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])


@needs_shared
@pytest.mark.parametrize(("arch", "switches"), [*(("hrnet18s", name) for name in SWITCHES), ("hrnet32", "zoom_flip")])
def test_six_clicks_on_a_brain_follow_the_official_predictor(arch, switches):
    """Rois are equal and probabilities within 2e-3 after each click, with zoom-in and flip on and off."""
    with np.load(FOLDER / f"predictor_{VARIANTS[arch]}_axial.npz") as oracle:
        model = ritm_model(folded(network(arch)), CPU, **SWITCHES[switches])
        predictions = trajectory(model, oracle["image"], oracle["clicks"])
        assert_follows(predictions, oracle[f"probs_{switches}"], oracle[f"roi_{switches}"])


@needs_shared
@pytest.mark.parametrize("case", ["case0", "case1"])
@pytest.mark.parametrize("flip", [True, False])
@each_way
def test_zoom_in_follows_the_official_predictor(case, flip, at_once):
    """With a stand-in network, only rois, crops and clicks in them are compared, in landscape and portrait."""
    ending = "flip" if flip else "noflip"
    with np.load(FOLDER / "zoom_in.npz") as oracle:
        image = np.zeros((*oracle[f"{case}_size"], 3), dtype=np.uint8)
        predictions = trajectory(
            ritm_model(StandIn(), CPU, flip=flip, at_once=at_once), image, oracle[f"{case}_clicks"]
        )
        assert_follows(predictions, oracle[f"{case}_probs_{ending}"], oracle[f"{case}_roi_{ending}"])


def test_a_vanished_mask_puts_the_whole_images_output_into_the_previous_roi():
    """As upstream: if no pixel exceeds 0.50, the network sees the whole image; its output is resized into the roi."""
    model = ritm_model(StandIn(), CPU)
    image = noise(300, 420)
    second = trajectory(model, image, [(1, 60, 80), (1, 70, 95)])[-1]
    [mask_input] = second.mask_inputs_C
    faded_HW = mask_input.probability_HW * 0.5
    faded = PreviousMask(
        probability_HW=faded_HW, roi=mask_input.roi, bounds=HostCopy(tight_bounds(faded_HW[None])), index=0
    )
    [prediction] = model.predict([request(*model.encode([image]), [(1, 60, 80), (1, 70, 95), (0, 250, 400)], faded)])
    inside = torch.zeros(300, 420, dtype=torch.bool)
    inside[mask_input.roi.window] = True
    [pasted] = prediction.mask_inputs_C
    assert pasted.roi == mask_input.roi
    assert not pasted.probability_HW[~inside].any()
    assert pasted.probability_HW.argmax() // 420 < 60  # the clicks were in rows 60 and 70 of the whole image
