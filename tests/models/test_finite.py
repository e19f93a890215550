"""NaN and infinity are errors of a part, not empty masks."""

import pytest
import torch

from job.errors import DataError
from job.models.finite import are_finite, refuse
from job.testing import encode, make_request, random_image


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_none_is_told_of_its_request(value):
    """In any of the outputs; the other requests of the batch are sound."""
    spoilt = torch.zeros(3, 2)
    spoilt[1, 0] = value
    assert are_finite(torch.zeros(3, 2, 2), spoilt).tolist() == [True, False, True]


def test_the_largest_numbers_of_half_precision_are_finite():
    """65504 is the largest that float16 holds."""
    assert are_finite(torch.tensor([[65504.0]]).half()).tolist() == [True]
    assert are_finite(torch.tensor([[65504.0]]).half() * 2).tolist() == [False]


def test_the_error_names_the_usual_cause_and_the_way_out():
    """Float16 overflows."""
    with pytest.raises(DataError, match=r"NaN or infinity; fp16 .* set execution.precision to fp32 or bf16"):
        refuse()


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
    (image,) = encode(broken_sam, random_image(64, 48))
    (prediction,) = broken_sam.predict([make_request(image, [(9, 9)])])
    assert not prediction.finite


def test_ritm_has_no_mask_for_logits_that_are_not_finite(ritm):
    """Below the threshold, NaN would be an empty mask."""

    def spoil(module, arguments, output):
        output.instances.view(-1)[0] = float("nan")

    handle = ritm._network.register_forward_hook(spoil)
    (image,) = encode(ritm, random_image(64, 48))
    (prediction,) = ritm.predict([make_request(image, [(9, 9)])])
    handle.remove()
    assert not prediction.finite
