"""NaN and infinity are errors of a part, not empty masks."""

import pytest
import torch

from job.errors import DataError
from job.models.device import Device
from job.models.finite import require_finite
from tests.models.requests import make_request, random_image

CPU = Device.of(torch.device("cpu"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_an_error(value):
    """In any of the outputs; the error names the precision and the way out."""
    with pytest.raises(DataError, match=r"not finite: the network returned NaN or infinity in float32; set exec"):
        require_finite(CPU, torch.zeros(2, 3), torch.tensor([0.5, value]))


def test_the_largest_numbers_of_half_precision_are_finite():
    """65504 is the largest that float16 holds."""
    require_finite(Device(device=torch.device("cuda"), autocast=torch.float16), torch.tensor([65504.0]).half())


def test_the_error_names_the_precision_that_overflowed():
    """Float16 is the usual cause."""
    with pytest.raises(DataError, match="in float16"):
        require_finite(Device(device=torch.device("cuda"), autocast=torch.float16), torch.tensor([65504.0]).half() * 2)


@pytest.fixture(params=[(0, float("nan")), (0, float("inf")), (1, float("nan"))], ids=["nan", "inf", "predicted iou"])
def broken_sam(request, lite_medsam_clicks):
    """SAM's decoder, one number of whose logits, or of whose predicted IoU, is none."""
    which, value = request.param

    def spoil(module, arguments, output):
        output[which].view(-1)[0] = value

    handle = lite_medsam_clicks.network.mask_decoder.register_forward_hook(spoil)
    yield lite_medsam_clicks
    handle.remove()


def test_sam_has_no_mask_for_logits_that_are_not_finite(broken_sam):
    """One number of 65,536 is enough."""
    (image,) = broken_sam.encode([random_image(64, 48)])
    with pytest.raises(DataError, match="not finite"):
        broken_sam.predict([make_request(image, [(9, 9)])])


def test_ritm_has_no_mask_for_logits_that_are_not_finite(ritm):
    """Below the threshold, NaN would be an empty mask."""

    def spoil(module, arguments, output):
        output.instances.view(-1)[0] = float("nan")

    handle = ritm._network.register_forward_hook(spoil)
    (image,) = ritm.encode([random_image(64, 48)])
    try:
        with pytest.raises(DataError, match="not finite"):
            ritm.predict([make_request(image, [(9, 9)])])
    finally:
        handle.remove()
