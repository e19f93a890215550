"""Estimated memory of the models of this room."""

from __future__ import annotations

from dataclasses import dataclass

from job.models.mask_predicting import UPSCALED_PX
from job.models.protocol import Need

CALL_BYTES, LOGIT_BYTES = 40 << 20, 5
"""Peak memory of the decoder for a call, and of upscaling for each logit of the image's size."""
PIXEL_BYTES = 6
"""Copies of an image of uint8 while it is resized, for each pixel."""
FLOAT_BYTES = 4


@dataclass(frozen=True, kw_only=True)
class Memory:
    """Peak memory in bytes. encode: of encoding one image. request: of the decoder for each request.

    low_res: side of a mask of low resolution, px.
    """

    encode: int
    request: int
    low_res: int


def needs_of(memory: Memory, encode_batch: int, image: int, side: int, candidates: int, pixels: int) -> Need:
    """Return the need for images of so many pixels. image: bytes of one encoding. side: of the encoder's square."""
    upscaled_px = candidates * max(pixels, side**2)

    def predict(requests: int) -> int:
        at_once = min(requests, max(1, UPSCALED_PX // upscaled_px))
        return CALL_BYTES + requests * (memory.request + candidates * pixels) + at_once * LOGIT_BYTES * upscaled_px

    return Need(
        encode=encode_batch * memory.encode + PIXEL_BYTES * pixels,
        image=image,
        episode=candidates * FLOAT_BYTES * memory.low_res**2,
        predict=predict,
    )
