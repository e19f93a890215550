"""Masks as bits, eight pixels a byte, and the counts of their pixels: tensor arithmetic on any device.

A row of bits belongs to one mask: its pixels in row-major order, the first in the highest bit, as `numpy.packbits`
packs them, filled with zeros to whole words of 64 pixels.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

WORD_PX = 64

GATHER = 0x8040201008040201 - (1 << 64)
"""Times eight bytes of 0 or 1 read as a word: each byte's bit moves to its place in the highest byte. Every product of
a byte and a bit of the factor falls on a place of its own, so nothing carries."""
PAIRS, NIBBLES, BYTES = 0x5555555555555555, 0x3333333333333333, 0x0F0F0F0F0F0F0F0F
ADD_BYTES = 0x0101010101010101


def pack(masks: Tensor) -> Tensor:
    """Pack bool masks (..., P), a pixel a byte, to uint8 (..., B): B bytes for P pixels, a multiple of 8."""
    missing = -masks.shape[-1] % WORD_PX
    words = (pad(masks, (0, missing)) if missing else masks).view(torch.int64)  # padding by nothing would copy
    return (words * GATHER).bitwise_right_shift_(56).to(torch.uint8)


def packed_bytes(pixels: int) -> int:
    """Return the length of a row of bits for so many pixels."""
    return -(-pixels // WORD_PX) * WORD_PX // 8


def pack_array(mask_HW: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Pack a bool array as `pack` packs a tensor: uint8 (B)."""
    bits = np.packbits(mask_HW)
    return np.pad(bits, (0, packed_bytes(mask_HW.size) - len(bits)))


def unpack_array(bits_B: NDArray[np.uint8], height: int, width: int) -> NDArray[np.bool_]:
    """Return the mask, bool (height, width), of a row of bits. It owns its memory."""
    return np.unpackbits(bits_B, count=height * width).view(np.bool_).reshape(height, width)


def count(bits: Tensor) -> Tensor:
    """Count the pixels of rows of bits, uint8 (..., B): int64 (...). By sums of ever wider fields of each word."""
    words = bits.view(torch.int64)
    words = words - ((words >> 1) & PAIRS)
    words = (words & NIBBLES) + ((words >> 2) & NIBBLES)
    words = (words + (words >> 4)) & BYTES
    return ((words * ADD_BYTES) >> 56).sum(dim=-1)
