"""An encoding is kept to the last bit, or not at all."""

import struct
from dataclasses import replace

import numpy as np
import pytest
import torch

from job.models.embedding import encoding_of, entry_name, from_bytes, to_bytes
from job.models.protocol import EncodedImage
from job.testing import encode, make_request, random_image
from tests.models.fake import FakeModel

CPU = torch.device("cpu")
NAME = "a" * 64


def features(dtype=torch.float32):
    """Numbers that no narrower type holds."""
    return torch.randn(4, 3, 2, generator=torch.Generator().manual_seed(0)).to(dtype)


def stored_type(data):
    """Return the type of the stored numbers as the header of the file names it."""
    return data[: 8 + struct.unpack("<Q", data[:8])[0]].decode("latin-1").partition('"dtype":"')[2].partition('"')[0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_an_encoding_comes_back_as_it_was(dtype):
    """Every bit, and the type."""
    before = features(dtype)
    after = from_bytes(NAME, to_bytes(NAME, before), CPU)
    assert after.dtype is dtype
    assert torch.equal(after, before)


def test_the_order_of_the_axes_in_memory_comes_back_too():
    """Kernels are chosen by it, and may differ in the last bit."""
    before = features().permute(2, 0, 1)
    assert not before.is_contiguous()
    after = from_bytes(NAME, to_bytes(NAME, before), CPU)
    assert torch.equal(after, before)
    assert after.stride() == before.stride()


@pytest.mark.parametrize(("autocast", "name"), [(torch.bfloat16, "BF16"), (torch.float16, "F16")])
def test_numbers_of_a_narrow_type_are_stored_in_it(autocast, name):
    """Half the bytes, no bit lost: float32 comes back."""
    before = features(autocast).float()
    data = to_bytes(NAME, before)
    assert stored_type(data) == name
    after = from_bytes(NAME, data, CPU)
    assert after.dtype is torch.float32
    assert torch.equal(after, before)


def test_one_number_that_a_narrow_type_does_not_hold_keeps_all_wide():
    """1 + 2**-12 has too many digits for both."""
    before = torch.ones(8)
    before[5] += 2**-12
    data = to_bytes(NAME, before)
    assert stored_type(data) == "F32"
    assert torch.equal(from_bytes(NAME, data, CPU), before)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_encoding_that_is_not_finite_is_not_stored(value):
    """It may be the fault of a device, and would then outlive it."""
    before = features()
    before[1, 1, 1] = value
    assert to_bytes(NAME, before) is None


def test_no_changed_byte_goes_unnoticed():
    """Neither in the header nor in the numbers."""
    data = to_bytes(NAME, features())
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        assert from_bytes(NAME, bytes(changed), CPU) is None, position


@pytest.mark.parametrize("damage", [lambda d: d[:-1], lambda d: d[:20], lambda d: b"", lambda d: d + b"\0"])
def test_what_is_cut_short_or_too_long_is_not_used(damage):
    """Down to nothing at all."""
    assert from_bytes(NAME, damage(to_bytes(NAME, features())), CPU) is None


def test_an_entry_under_another_name_is_not_used():
    """It is the encoding of another image."""
    assert from_bytes("b" * 64, to_bytes(NAME, features()), CPU) is None


def test_a_name_is_of_recipe_number_and_image():
    """Each alone changes it; the order of the image in memory does not."""
    image = random_image(6, 4, seed=1)
    other = image.copy()
    other[5, 3, 2] ^= 1
    names = [
        entry_name("r", 8, image),
        entry_name("s", 8, image),
        entry_name("r", 7, image),
        entry_name("r", 8, other),
        entry_name("r", 8, image.reshape(4, 6, 3)),
    ]
    assert len(set(names)) == len(names)
    assert entry_name("r", 8, np.asfortranarray(image)) == names[0]
    assert len(names[0]) == 64


def test_models_that_only_hand_on_the_image_take_no_part(ritm):
    """RITM's encoding is the image."""
    assert encoding_of(ritm) is None
    assert encoding_of(FakeModel()) is None


@pytest.mark.parametrize("family", ["lite_medsam", "lite_medsam_clicks", "sam"])
def test_a_stored_encoding_predicts_as_the_fresh_one(family, request):
    """Masks and scores are equal to the last bit, in a batch with another image."""
    model = request.getfixturevalue(family)
    fresh = encode(model, random_image(40, 56, seed=2), random_image(56, 40, seed=3))
    assert encoding_of(model)
    read = [replace(image, features=from_bytes(NAME, to_bytes(NAME, image.features), CPU)) for image in fresh]
    assert_equal(predicted(model, read), predicted(model, fresh))


def predicted(model, images: list[EncodedImage]):
    return model.predict([make_request(image, box=(3, 4, 30, 33)) for image in images])


def assert_equal(predictions, expected):
    for one, other in zip(predictions, expected, strict=True):
        assert torch.equal(one.masks_CHW, other.masks_CHW)
        assert torch.equal(torch.as_tensor(one.predicted_iou_C), torch.as_tensor(other.predicted_iou_C))
