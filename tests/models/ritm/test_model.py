"""The predictor is the authors' own, and a batch is nothing but its members."""

import numpy as np
import pytest
import torch

from job.models.device import Device
from job.models.protocol import Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.model import RitmModel
from job.models.ritm.network import RitmNetwork
from tests.models.ritm.oracle import CPU, FOLDER, VARIANTS, StandIn, network, request, trajectory
from tests.shared import needs_shared

SWITCHES = {
    "zoom_flip": {},
    "zoom_noflip": {"flip": False},
    "plain_flip": {"zoom_in": False},
    "plain": {"zoom_in": False, "flip": False},
}
FIRST, SECOND = (1, 40, 30), (0, 8, 50)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def assert_follows(predictions, probabilities, rois):
    found = [prediction.mask_inputs_C[0] for prediction in predictions]
    assert [list(mask_input.roi or (-1,) * 4) for mask_input in found] == rois.tolist()
    for mask_input, expected in zip(found, probabilities, strict=True):
        np.testing.assert_allclose(mask_input.probability_HW, expected, rtol=0, atol=2e-3)


@pytest.fixture(scope="module", params=["network", "stand-in"])
def any_model(request):
    """A model that is compared with itself: random weights, and the stand-in, which answers to every click."""
    torch.manual_seed(0)
    return RitmModel(StandIn() if request.param == "stand-in" else RitmNetwork(ARCHITECTURES["hrnet18s"]), CPU)


@pytest.fixture(scope="module")
def model():
    """Random weights, which suffice for shapes and refusals."""
    return RitmModel(RitmNetwork(ARCHITECTURES["hrnet18s"]), CPU)


@needs_shared
@pytest.mark.parametrize(("arch", "switches"), [*(("hrnet18s", name) for name in SWITCHES), ("hrnet32", "zoom_flip")])
def test_six_clicks_on_a_brain_follow_the_official_predictor(arch, switches):
    """Probabilities within 2e-3 after each click, rois exact, with zoom-in and flip on and off."""
    with np.load(FOLDER / f"predictor_{VARIANTS[arch]}_axial.npz") as oracle:
        model = RitmModel(network(arch), CPU, **SWITCHES[switches])
        predictions = trajectory(model, oracle["image"], oracle["clicks"])
        assert_follows(predictions, oracle[f"probs_{switches}"], oracle[f"roi_{switches}"])


@needs_shared
@pytest.mark.parametrize("case", ["case0", "case1"])
@pytest.mark.parametrize("flip", [True, False])
def test_zoom_in_follows_the_official_predictor(case, flip):
    """A stand-in network, so that rois, crops and clicks in crops are all that is compared."""
    ending = "flip" if flip else "noflip"
    with np.load(FOLDER / "zoom_in.npz") as oracle:
        image = np.zeros((*oracle[f"{case}_size"], 3), dtype=np.uint8)
        predictions = trajectory(RitmModel(StandIn(), CPU, flip=flip), image, oracle[f"{case}_clicks"])
        assert_follows(predictions, oracle[f"{case}_probs_{ending}"], oracle[f"{case}_roi_{ending}"])


def test_an_old_box_gets_the_whole_image_when_the_mask_has_vanished():
    """Upstream's habit: nothing above 0.50 means a look at the whole image, pasted into the older roi."""
    model = RitmModel(StandIn(), CPU)
    image = noise(300, 420)
    second = trajectory(model, image, [(1, 60, 80), (1, 70, 95)])[-1]
    [mask_input] = second.mask_inputs_C
    faded = type(mask_input)(probability_HW=mask_input.probability_HW * 0.5, roi=mask_input.roi)
    [seen] = model.predict([request(*model.encode([image]), [(1, 60, 80), (1, 70, 95), (0, 250, 400)], faded)])
    inside = torch.zeros(300, 420, dtype=torch.bool)
    inside[mask_input.roi.window] = True
    assert seen.mask_inputs_C[0].roi == mask_input.roi
    assert not seen.mask_inputs_C[0].probability_HW[~inside].any()
    assert seen.mask_inputs_C[0].probability_HW.argmax() // 420 < 60  # squeezed upwards


def test_the_mask_is_what_exceeds_0_49():
    """One mask at the image's size, no estimate of its quality."""
    [prediction] = trajectory(RitmModel(StandIn(), CPU), noise(60, 50), [FIRST])
    assert torch.equal(prediction.masks_CHW, prediction.mask_inputs_C[0].probability_HW[None] > 0.49)
    assert prediction.masks_CHW.shape == (1, 60, 50)
    assert prediction.predicted_iou_C is None


def objects(model):
    """Six questions on three images: other sizes, other numbers of clicks, with and without a mask_input."""
    large, wide, twin = model.encode([noise(96, 64), noise(48, 120, seed=1), noise(96, 64, seed=2)])
    asked = [
        request(large, [FIRST]),
        request(wide, [FIRST, SECOND, (1, 5, 110)]),
        request(twin, [(1, 90, 3)]),
        request(large, [(0, 2, 2), (1, 70, 60)]),
    ]
    remembered = [prediction.mask_inputs_C[0] for prediction in model.predict(asked[:2])]
    return [
        *asked,
        request(large, [FIRST, SECOND], remembered[0]),
        request(wide, [FIRST, SECOND, (1, 5, 110), (0, 47, 0)], remembered[1]),
    ]


def probabilities(predictions):
    return [prediction.mask_inputs_C[0].probability_HW for prediction in predictions]


def test_a_batch_gives_what_its_members_give_alone(any_model):
    """Whatever else is in the batch, however long the other lists of clicks are."""
    asked = objects(any_model)
    alone = [any_model.predict([one])[0] for one in asked]
    for one, batched in zip(probabilities(alone), probabilities(any_model.predict(asked)), strict=True):
        torch.testing.assert_close(one, batched, rtol=0, atol=1e-4)


def test_the_order_of_objects_does_not_matter(any_model):
    """Answers come in the order of the questions."""
    asked = objects(any_model)
    turned = any_model.predict(asked[::-1])[::-1]
    for one, other in zip(probabilities(any_model.predict(asked)), probabilities(turned), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


class Counting(StandIn):
    """Notes how many images each pass has, flips included."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, image, points):
        self.seen.append(len(image))
        return super().forward(image, points)


def ask_three(network, **switches):
    """Three objects on two images of 40 x 60 px."""
    model = RitmModel(network, CPU, **switches)
    one, other = model.encode([noise(40, 60), noise(40, 60, seed=1)])
    return model.predict([request(one, [(1, 3, 4)]), request(other, [(1, 3, 4)]), request(one, [(1, 9, 9), (0, 3, 4)])])


def test_objects_of_one_size_share_a_batch():
    """One pass with their flips, of six."""
    network = Counting()
    ask_three(network)
    assert network.seen == [6]


@pytest.mark.parametrize(
    ("framings", "flip", "passes"),
    [(6, True, [6]), (5, True, [4, 2]), (1, True, [2, 2, 2]), (2, False, [2, 1])],
)
def test_a_pass_has_a_bound_in_pixels(monkeypatch, framings, flip, passes):
    """Of so many framings of 40 x 60 px, flips included, yet of one object at least; the answers are the same."""
    expected = ask_three(StandIn(), flip=flip)
    monkeypatch.setattr("job.models.ritm.model.NETWORK_PX", framings * 40 * 60)
    network = Counting()
    found = ask_three(network, flip=flip)
    assert network.seen == passes
    for one, other in zip(probabilities(found), probabilities(expected), strict=True):
        assert torch.equal(one, other)


def test_sixteen_zoomed_objects_are_one_pass():
    """Of 400 x 400 px, as the zoom-in shows them, with their flips; a further one is a second."""
    network = Counting()
    model = RitmModel(network, CPU)
    model.predict([request(*model.encode([noise(400, 400)]), [FIRST])] * 17)
    assert network.seen == [32, 2]


def test_one_pass_forgets():
    """Neither the previous mask nor the zoom: the same as the same clicks at once, and nothing to feed back."""
    model = RitmModel(StandIn(), CPU, one_pass=True)
    [encoded] = model.encode([noise(300, 420)])
    [mask_input] = trajectory(RitmModel(StandIn(), CPU), noise(300, 420), [FIRST])[0].mask_inputs_C
    first, second = model.predict([request(encoded, [FIRST, SECOND], mask_input), request(encoded, [FIRST, SECOND])])
    assert torch.equal(first.masks_CHW, second.masks_CHW)
    assert first.mask_inputs_C == [None]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (1, 1), (480, 700)])
def test_any_size_of_image_works(model, height, width):
    """Smaller than a cell of the coarsest branch, and large and oblong."""
    predictions = trajectory(model, noise(height, width), [(1, height // 2, width // 2), (0, 0, 0)])
    assert [prediction.masks_CHW.shape for prediction in predictions] == [(1, height, width)] * 2


def test_lower_precision_feeds_back_float32(model):
    """Only the network's pass is in bfloat16."""
    low = RitmModel(RitmNetwork(ARCHITECTURES["hrnet18s"]), Device.of(torch.device("cpu"), "bf16"))
    [prediction] = trajectory(low, noise(64, 64), [FIRST])
    assert prediction.mask_inputs_C[0].probability_HW.dtype == torch.float32


def test_a_box_is_refused(model):
    """RITM takes points only."""
    [encoded] = model.encode([noise(16, 16)])
    none = np.zeros((0, 2), dtype=np.int32)
    boxed = Request(image=encoded, points_N2=none, labels_N=none[:, 0], box_4=np.array([1, 1, 5, 5], dtype=np.int32))
    with pytest.raises(ValueError, match="roi"):
        model.predict([boxed])


def test_nothing_asked_is_nothing_answered(model):
    """No images and no requests are no special case."""
    assert model.encode([]) == []
    assert model.predict([]) == []
