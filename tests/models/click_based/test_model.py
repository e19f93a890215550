"""Whatever the family, a batch has the predictions of its members, and nothing waits for the device."""

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from job.models.device import Device
from job.models.protocol import Request
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.folded import folded
from job.models.ritm.model import ritm_model
from job.models.ritm.network import RitmNetwork
from job.models.simpleclick.architecture import SimpleClickArch
from job.models.simpleclick.model import simpleclick_model
from job.models.simpleclick.network import SimpleClickNetwork
from tests.models.click_based.stand_in import CPU, StandIn, noise, request, trajectory
from tests.models.compare import assert_close

FIRST, SECOND = (1, 40, 30), (0, 8, 50)


TINY = SimpleClickArch(embed_dim=32, depth=4, num_heads=2, neck_dims=(8, 16, 16, 32), head_channels=16)
BUILDERS = {
    "RITM": lambda **options: ritm_model(folded(RitmNetwork(ARCHITECTURES["hrnet18s"])), CPU, **options),
    "SimpleClick": lambda **options: simpleclick_model(SimpleClickNetwork(TINY), CPU, **options),
    "stand-in as RITM": lambda **options: ritm_model(StandIn(), CPU, **options),
    "stand-in as SimpleClick": lambda **options: simpleclick_model(StandIn(), CPU, **options),
}
"""Models with random weights, and with the stand-in, whose output depends on every click."""


@pytest.fixture(scope="module", params=BUILDERS)
def builder(request):
    """A function that builds a model of any family."""
    return BUILDERS[request.param]


@pytest.fixture(scope="module", params=[False, True], ids=["one by one", "at once"])
def any_model(request, builder):
    """As on a CPU and as on a GPU."""
    torch.manual_seed(0)
    return builder(at_once=request.param)


@pytest.fixture(scope="module")
def model():
    """Random weights, for tests of shapes and refusals."""
    return ritm_model(RitmNetwork(ARCHITECTURES["hrnet18s"]), CPU)


def test_the_mask_is_where_the_probability_exceeds_0_49():
    """There is one mask at the image's size, and no predicted IoU."""
    [prediction] = trajectory(ritm_model(StandIn(), CPU), noise(60, 50), [FIRST])
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

    def object_logits(self, image, points, sizes_B2=None):
        self.passes.append(len(image))
        return super().object_logits(image, points, sizes_B2)


def predict_three(network, **switches):
    """Predict three objects on two images of 40 x 60 px."""
    model = ritm_model(network, CPU, **switches)
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
    monkeypatch.setattr("job.models.click_based.model.NETWORK_PX", inputs * 40 * 60)
    network = Counting()
    predictions = predict_three(network, flip=flip)
    assert network.passes == passes
    for actual, unlimited in zip(probabilities(predictions), probabilities(expected), strict=True):
        assert torch.equal(actual, unlimited)


def test_sixteen_zoomed_in_objects_share_a_pass():
    """With their flips they are 32 images of 400 x 400 px; a 17th object needs a second pass."""
    network = Counting()
    model = ritm_model(network, CPU)
    model.predict([request(*model.encode([noise(400, 400)]), [FIRST])] * 17)
    assert network.passes == [32, 2]


class Bright(Counting):
    """The object is where the image is bright. Records the sizes of the inputs as well."""

    def __init__(self):
        super().__init__()
        self.sizes = set()

    def object_logits(self, image, points, sizes_B2=None):
        """Return logits of the sign of the brightness above one half."""
        self.passes.append(len(image))
        self.sizes |= {image.shape[2:]} if sizes_B2 is None else {tuple(size) for size in sizes_B2.tolist()}
        return 9 * (image[:, :1] - 0.5)


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
    model = ritm_model(network, CPU, flip=False, at_once=True)
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
        def object_logits(self, image, points, sizes_B2=None):
            out = super().object_logits(image, points, sizes_B2)
            out[3, 0, 5, 5] = torch.nan
            return out

    model = ritm_model(Broken(), CPU)
    predictions = model.predict([request(image, [FIRST]) for image in model.encode([noise(64, 64)] * 2)])
    assert [prediction.finite.item() for prediction in predictions] == [True, False]


@pytest.mark.parametrize("image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_an_image_of_another_form_is_refused(model, image):
    """Images are H x W x 3 of uint8."""
    with pytest.raises(ValueError, match="expected an image HxWx3 of uint8"):
        model.prepare(image)


@pytest.mark.parametrize("build", [ritm_model, simpleclick_model])
def test_one_pass_ignores_the_previous_mask(build):
    """The mask is that of the same clicks alone, and nothing is fed back."""
    model = build(StandIn(), CPU, one_pass=True)
    [encoded] = model.encode([noise(300, 420)])
    [mask_input] = trajectory(build(StandIn(), CPU), noise(300, 420), [FIRST])[0].mask_inputs_C
    fed, alone = model.predict([request(encoded, [FIRST, SECOND], mask_input), request(encoded, [FIRST, SECOND])])
    assert torch.equal(fed.masks_CHW, alone.masks_CHW)
    assert fed.mask_inputs_C == [None]


@pytest.mark.parametrize(("height", "width"), [(16, 16), (1, 1), (90, 330), (330, 90)])
def test_an_image_may_have_any_size(builder, height, width):
    """It may be smaller than a cell of the coarsest branch, landscape or portrait."""
    predictions = trajectory(builder(), noise(height, width), [(1, height // 2, width // 2), (0, 0, 0)])
    assert [prediction.masks_CHW.shape for prediction in predictions] == [(1, height, width)] * 2


def test_thirteen_objects_of_simpleclick_are_divided():
    """Twelve have their flips in one pass of at most 5.12 million pixels, each input having 448 x 448 px."""
    network = Counting()
    model = simpleclick_model(network, CPU)
    model.predict([request(*model.encode([noise(60, 1000)]), [FIRST])] * 13)
    assert network.passes == [24, 2]


def test_lower_precision_feeds_back_float32(model):
    """Only the network's pass is in bfloat16."""
    low = ritm_model(RitmNetwork(ARCHITECTURES["hrnet18s"]), Device.of(torch.device("cpu"), "bf16"))
    [prediction] = trajectory(low, noise(64, 64), [FIRST])
    assert prediction.mask_inputs_C[0].probability_HW.dtype == torch.float32


def test_a_box_is_refused(model):
    """RITM takes points only."""
    [encoded] = model.encode([noise(16, 16)])
    none = np.zeros((0, 2), dtype=np.int32)
    boxed = Request(image=encoded, points_N2=none, labels_N=none[:, 0], box_4=np.array([1, 1, 5, 5], dtype=np.int32))
    with pytest.raises(ValueError, match="does not take a box"):
        model.predict([boxed])
