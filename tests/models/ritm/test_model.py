"""The predictor follows the authors' own, and a batch has the predictions of its members."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from job.models.device import Device
from job.models.host_copy import HostCopy
from job.models.protocol import Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.feedback import PreviousMask, tight_bounds
from job.models.ritm.folded import folded
from job.models.ritm.model import RitmModel
from job.models.ritm.network import RitmNetwork
from job.models.ritm.ocr import Logits
from tests.models.compare import assert_close
from tests.models.ritm.oracle import CPU, FOLDER, VARIANTS, StandIn, network, request, trajectory
from tests.shared import needs_shared

SWITCHES = {
    "zoom_flip": {},
    "zoom_noflip": {"flip": False},
    "plain_flip": {"zoom_in": False},
    "plain": {"zoom_in": False, "flip": False},
}
each_way = pytest.mark.parametrize("at_once", [False, True], ids=["one by one", "at once"])
FIRST, SECOND = (1, 40, 30), (0, 8, 50)


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def assert_follows(predictions, probabilities, rois):
    mask_inputs = [prediction.mask_inputs_C[0] for prediction in predictions]
    assert [list(mask_input.roi or (-1,) * 4) for mask_input in mask_inputs] == rois.tolist()
    for mask_input, expected in zip(mask_inputs, probabilities, strict=True):
        assert_close(mask_input.probability_HW, expected, 2e-3)  # the reference is float16


@pytest.fixture(scope="module", params=["network", "stand-in"])
def any_network(request):
    """Random weights, and the stand-in, whose output depends on every click."""
    torch.manual_seed(0)
    return StandIn() if request.param == "stand-in" else folded(RitmNetwork(ARCHITECTURES["hrnet18s"]))


@pytest.fixture(scope="module", params=[False, True], ids=["one by one", "at once"])
def any_model(request, any_network):
    """As on a CPU and as on a GPU."""
    return RitmModel(any_network, CPU, at_once=request.param)


@pytest.fixture(scope="module")
def model():
    """Random weights, for tests of shapes and refusals."""
    return RitmModel(RitmNetwork(ARCHITECTURES["hrnet18s"]), CPU)


@needs_shared
@pytest.mark.parametrize(("arch", "switches"), [*(("hrnet18s", name) for name in SWITCHES), ("hrnet32", "zoom_flip")])
def test_six_clicks_on_a_brain_follow_the_official_predictor(arch, switches):
    """Rois are equal and probabilities within 2e-3 after each click, with zoom-in and flip on and off."""
    with np.load(FOLDER / f"predictor_{VARIANTS[arch]}_axial.npz") as oracle:
        model = RitmModel(folded(network(arch)), CPU, **SWITCHES[switches])
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
        predictions = trajectory(RitmModel(StandIn(), CPU, flip=flip, at_once=at_once), image, oracle[f"{case}_clicks"])
        assert_follows(predictions, oracle[f"{case}_probs_{ending}"], oracle[f"{case}_roi_{ending}"])


def test_a_vanished_mask_puts_the_whole_images_output_into_the_previous_roi():
    """As upstream: if no pixel exceeds 0.50, the network sees the whole image; its output is resized into the roi."""
    model = RitmModel(StandIn(), CPU)
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


def test_the_mask_is_where_the_probability_exceeds_0_49():
    """There is one mask at the image's size, and no predicted IoU."""
    [prediction] = trajectory(RitmModel(StandIn(), CPU), noise(60, 50), [FIRST])
    assert torch.equal(prediction.masks_CHW, prediction.mask_inputs_C[0].probability_HW[None] > 0.49)
    assert prediction.masks_CHW.shape == (1, 60, 50)
    assert prediction.predicted_iou_C is None


def mixed_requests(model):
    """Six requests on three images: of different sizes and numbers of clicks, with and without a mask input."""
    large, wide, twin = model.encode([noise(96, 64), noise(48, 120, seed=1), noise(96, 64, seed=2)])
    requests = [
        request(large, [FIRST]),
        request(wide, [FIRST, SECOND, (1, 5, 110)]),
        request(twin, [(1, 90, 3)]),
        request(large, [(0, 2, 2), (1, 70, 60)]),
    ]
    mask_inputs = [prediction.mask_inputs_C[0] for prediction in model.predict(requests[:2])]
    return [
        *requests,
        request(large, [FIRST, SECOND], mask_inputs[0]),
        request(wide, [FIRST, SECOND, (1, 5, 110), (0, 47, 0)], mask_inputs[1]),
    ]


def probabilities(predictions):
    return [prediction.mask_inputs_C[0].probability_HW for prediction in predictions]


def test_a_batch_has_the_predictions_of_its_members(any_model):
    """Other members, and the lengths of their click lists, do not matter."""
    requests = mixed_requests(any_model)
    alone = [any_model.predict([request])[0] for request in requests]
    for batched, expected in zip(probabilities(any_model.predict(requests)), probabilities(alone), strict=True):
        assert_close(batched, expected, 1e-4)


def test_predictions_are_in_the_order_of_the_requests(any_model):
    """In reverse order, each request has the same prediction."""
    requests = mixed_requests(any_model)
    reverse = any_model.predict(requests[::-1])[::-1]
    for actual, expected in zip(probabilities(reverse), probabilities(any_model.predict(requests)), strict=True):
        assert_close(actual, expected, 1e-4)


class Counting(StandIn):
    """Records the number of images in each pass, flips included."""

    def __init__(self):
        super().__init__()
        self.passes = []

    def forward(self, image, points, sizes_B2=None):
        self.passes.append(len(image))
        return super().forward(image, points, sizes_B2)


def predict_three(network, **switches):
    """Predict three objects on two images of 40 x 60 px."""
    model = RitmModel(network, CPU, **switches)
    a, b = model.encode([noise(40, 60), noise(40, 60, seed=1)])
    return model.predict([request(a, [(1, 3, 4)]), request(b, [(1, 3, 4)]), request(a, [(1, 9, 9), (0, 3, 4)])])


def test_inputs_of_equal_size_share_a_pass():
    """Three objects and their flips are six images."""
    network = Counting()
    predict_three(network)
    assert network.passes == [6]


@pytest.mark.parametrize(
    ("inputs", "flip", "passes"),
    [(6, True, [6]), (5, True, [4, 2]), (1, True, [2, 2, 2]), (2, False, [2, 1])],
)
def test_the_pixels_of_a_pass_are_limited(monkeypatch, inputs, flip, passes):
    """A pass has at most the pixels of `inputs` images of 40 x 60, but one object at least; predictions are equal."""
    expected = predict_three(StandIn(), flip=flip)
    monkeypatch.setattr("job.models.ritm.model.NETWORK_PX", inputs * 40 * 60)
    network = Counting()
    predictions = predict_three(network, flip=flip)
    assert network.passes == passes
    for actual, unlimited in zip(probabilities(predictions), probabilities(expected), strict=True):
        assert torch.equal(actual, unlimited)


def test_sixteen_zoomed_in_objects_share_a_pass():
    """With their flips they are 32 images of 400 x 400 px; a 17th object needs a second pass."""
    network = Counting()
    model = RitmModel(network, CPU)
    model.predict([request(*model.encode([noise(400, 400)]), [FIRST])] * 17)
    assert network.passes == [32, 2]


class Bright(Counting):
    """The object is where the image is bright. Records the sizes of the inputs as well."""

    def __init__(self):
        super().__init__()
        self.sizes = set()

    def forward(self, image, points, sizes_B2=None):
        """Return logits of the sign of the brightness above one half."""
        self.passes.append(len(image))
        self.sizes |= {image.shape[2:]} if sizes_B2 is None else {tuple(size) for size in sizes_B2.tolist()}
        return Logits(9 * (image[:, :1] - 0.5), image[:, :1])


def ellipses(count, side=256):
    """Images of one bright ellipse each, of many sizes, places and proportions, and their centres."""
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:side, :side]
    for _ in range(count):
        (height, width), (row, column) = rng.uniform(20, side / 2.5, 2), rng.uniform(side / 3, side / 1.5, 2)
        inside = np.hypot((rows - row) / height, (columns - column) / width) < 1
        yield np.repeat(np.where(inside, 255, 0).astype(np.uint8)[..., None], 3, axis=2), (1, int(row), int(column))


def test_nine_clicks_on_forty_objects_take_few_passes():
    """A plain loop takes 360 passes. At once, there are three a click, fewer than the sizes of the crops."""
    network = Bright()
    model = RitmModel(network, CPU, flip=False, at_once=True)
    images, clicks = zip(*ellipses(40), strict=True)
    encoded, mask_inputs = model.encode(images), [None] * 40
    for step in range(1, 10):
        requests = [request(*item) for item in zip(encoded, ([c] * step for c in clicks), mask_inputs, strict=True)]
        mask_inputs = [prediction.mask_inputs_C[0] for prediction in model.predict(requests)]
    assert len(network.sizes) > 20
    assert len(network.passes) <= len(network.sizes)


class Waits(TorchDispatchMode):
    """Counts the values of tensors that the host asks for, each of which waits for a GPU."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_predict_does_not_wait_for_the_device(any_model):
    """It asks for the value of no tensor, whether requests zoom in or not."""
    requests = mixed_requests(any_model)
    with Waits() as waits:
        any_model.predict(requests)
    assert waits.count == 0


def test_a_prediction_says_whether_it_is_finite():
    """One NaN in the logits of the mirror image is enough; the other request of the pass is sound."""

    class Broken(StandIn):
        def forward(self, image, points, sizes_B2=None):
            out = super().forward(image, points, sizes_B2)
            out.instances[3, 0, 5, 5] = torch.nan
            return out

    model = RitmModel(Broken(), CPU)
    predictions = model.predict([request(image, [FIRST]) for image in model.encode([noise(64, 64)] * 2)])
    assert [prediction.finite.item() for prediction in predictions] == [True, False]


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_an_image_of_another_form_is_refused(model, image):
    """Images are H x W x 3 of uint8."""
    with pytest.raises(ValueError, match="expected an image HxWx3 of uint8"):
        model.prepare(image)


def test_one_pass_ignores_the_previous_mask():
    """The mask is that of the same clicks alone, and nothing is fed back."""
    model = RitmModel(StandIn(), CPU, one_pass=True)
    [encoded] = model.encode([noise(300, 420)])
    [mask_input] = trajectory(RitmModel(StandIn(), CPU), noise(300, 420), [FIRST])[0].mask_inputs_C
    fed, alone = model.predict([request(encoded, [FIRST, SECOND], mask_input), request(encoded, [FIRST, SECOND])])
    assert torch.equal(fed.masks_CHW, alone.masks_CHW)
    assert fed.mask_inputs_C == [None]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (1, 1), (90, 330), (330, 90)])
def test_an_image_may_have_any_size(model, height, width):
    """It may be smaller than a cell of the coarsest branch, landscape or portrait."""
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
    with pytest.raises(ValueError, match="does not take a box"):
        model.predict([boxed])
