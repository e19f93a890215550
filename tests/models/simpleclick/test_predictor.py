"""SimpleClick's predictor follows its authors' own, with the same rois and probabilities."""

import numpy as np
import pytest

from job.models.simpleclick.model import simpleclick_model
from tests.models.click_based.stand_in import CPU, StandIn, assert_follows, trajectory
from tests.models.simpleclick.oracle import FOLDER, network
from tests.shared import needs_shared

SWITCHES = {"zoom_flip": True, "zoom": False}


@needs_shared
@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize(
    ("arch", "picture"),
    [("vit_xt", "axial"), ("vit_xt", "wide"), pytest.param("vit_b", "axial", marks=pytest.mark.long)],
)
def test_clicks_follow_the_official_predictor(arch, picture, switches):
    """Rois are equal and probabilities within 2e-3 after each click on a brain and a wide picture, flip on and off."""
    with np.load(FOLDER / f"predictor_{arch}_{picture}.npz") as oracle:
        model = simpleclick_model(network(arch), CPU, flip=SWITCHES[switches])
        predictions = trajectory(model, oracle["image"], oracle["clicks"])
        assert_follows(predictions, oracle[f"probs_{switches}"], oracle[f"roi_{switches}"])


@needs_shared
@pytest.mark.parametrize("case", ["case0", "case1"])
@pytest.mark.parametrize("flip", [True, False])
@pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
def test_zoom_in_follows_the_official_predictor(case, flip, at_once):
    """With a stand-in network, only rois, crops and clicks in them are compared."""
    ending = "flip" if flip else "noflip"
    with np.load(FOLDER / "zoom_in.npz") as oracle:
        image = np.zeros((*oracle[f"{case}_size"], 3), dtype=np.uint8)
        model = simpleclick_model(StandIn(), CPU, flip=flip, at_once=at_once)
        predictions = trajectory(model, image, oracle[f"{case}_clicks"])
        assert_follows(predictions, oracle[f"{case}_probs_{ending}"], oracle[f"{case}_roi_{ending}"])
