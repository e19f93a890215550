"""Attention with decomposed relative positions in one kernel, for an NVIDIA GPU in bfloat16 or float16.

The softmax runs over the keys as they come (Dao et al. 2022, FlashAttention, arXiv 2205.14135), one row of the image at
a time. So the terms of the columns are the same for every row of keys and stay in registers, and a row of keys needs
one term for each query: no score ever reaches the memory.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

QUERIES = {"narrow": 128, "wide": 64}
"""Queries of one program, for heads of at most `WIDE` channels and of more. The fastest of those measured."""
WIDE = 64
"""Channels of a head in the first of two products; those beyond it, as in ViT-H, are in the second."""
LOG2_E = tl.constexpr(1.4426950408889634)


def attend_by_kernel(queries: Tensor, keys: Tensor, values: Tensor, by_row: Tensor, by_column: Tensor) -> Tensor:
    """Return attention (N, H, T, D), a view of (N, T, H, D), for T = S * S tokens, S = 16, 32, 64 or 128.

    queries, keys, values: (N, H, T, D), D = 64, or 80 to 128 in steps of 16, adjacent in memory. by_row, by_column: the
    relative terms of each query by the row and by the column of the key, (N, H, T, S).
    """
    count, heads, tokens, channels = queries.shape
    side = by_row.shape[-1]
    attended = torch.empty(count, tokens, heads, channels, dtype=queries.dtype, device=queries.device)
    block = min(QUERIES["narrow" if channels <= WIDE else "wide"], tokens)
    grid = (tokens // block, count * heads)
    _kernel[grid](
        queries,
        keys,
        values,
        by_row.transpose(2, 3).contiguous(),
        by_column.contiguous(),
        attended,
        queries.stride(0),
        queries.stride(1),
        queries.stride(2),
        SCALE=channels**-0.5,
        HEADS=heads,
        TOKENS=tokens,
        SIDE=side,
        CHANNELS=channels,
        WIDE=WIDE,
        REST=_power_of_two(channels - WIDE),
        QUERIES=block,
        num_warps=4,
        num_stages=3,
    )
    return attended.transpose(1, 2)


def _power_of_two(channels: int) -> int:
    """Return the least power of two, from 16, that holds so many channels; 0 for none."""
    return max(16, 1 << (channels - 1).bit_length()) if channels > 0 else 0


@triton.jit  # type: ignore[untyped-decorator]
def _kernel(  # type: ignore[no-untyped-def]
    queries,
    keys,
    values,
    by_row,
    by_column,
    attended,
    image_stride,
    head_stride,
    token_stride,
    SCALE: tl.constexpr,  # a constant, since a number that torch.compile passes on would have 64 bits
    HEADS: tl.constexpr,
    TOKENS: tl.constexpr,
    SIDE: tl.constexpr,
    CHANNELS: tl.constexpr,
    WIDE: tl.constexpr,
    REST: tl.constexpr,
    QUERIES: tl.constexpr,
):
    head = tl.program_id(1).to(tl.int64)
    start = (head // HEADS) * image_stride + (head % HEADS) * head_stride
    own = tl.program_id(0) * QUERIES + tl.arange(0, QUERIES)
    across = tl.arange(0, SIDE)
    wide = tl.arange(0, WIDE)
    rest = WIDE + tl.arange(0, REST if REST > 0 else 16)

    at_own = start + own[:, None] * token_stride
    q_wide = tl.load(queries + at_own + wide[None, :])
    if REST > 0:
        q_rest = tl.load(queries + at_own + rest[None, :], mask=rest[None, :] < CHANNELS, other=0.0)
        sum_rest = tl.zeros([QUERIES, REST], dtype=tl.float32)
    columns = tl.load(by_column + head * TOKENS * SIDE + own[:, None] * SIDE + across[None, :]).to(tl.float32) * LOG2_E
    sum_wide = tl.zeros([QUERIES, WIDE], dtype=tl.float32)
    highest = tl.full([QUERIES], float("-inf"), dtype=tl.float32)
    total = tl.zeros([QUERIES], dtype=tl.float32)

    for row in range(0, SIDE):
        at_keys = start + (row * SIDE + across) * token_stride
        scores = tl.dot(q_wide, tl.load(keys + at_keys[None, :] + wide[:, None]))
        if REST > 0:
            k_rest = tl.load(keys + at_keys[None, :] + rest[:, None], mask=rest[:, None] < CHANNELS, other=0.0)
            scores = tl.dot(q_rest, k_rest, scores)
        term = tl.load(by_row + head * TOKENS * SIDE + row * TOKENS + own).to(tl.float32) * LOG2_E
        scores = scores * (SCALE * LOG2_E) + columns + term[:, None]
        higher = tl.maximum(highest, tl.max(scores, 1))
        weights = tl.exp2(scores - higher[:, None])
        kept = tl.exp2(highest - higher)
        total = total * kept + tl.sum(weights, 1)
        highest = higher
        weights = weights.to(q_wide.dtype)
        v_wide = tl.load(values + at_keys[:, None] + wide[None, :])
        sum_wide = tl.dot(weights, v_wide, sum_wide * kept[:, None])
        if REST > 0:
            v_rest = tl.load(values + at_keys[:, None] + rest[None, :], mask=rest[None, :] < CHANNELS, other=0.0)
            sum_rest = tl.dot(weights, v_rest, sum_rest * kept[:, None])

    at_out = ((head // HEADS) * TOKENS + own[:, None]) * HEADS * CHANNELS + (head % HEADS) * CHANNELS
    tl.store(attended + at_out + wide[None, :], (sum_wide / total[:, None]).to(q_wide.dtype))
    if REST > 0:
        filled = (sum_rest / total[:, None]).to(q_wide.dtype)
        tl.store(attended + at_out + rest[None, :], filled, mask=rest[None, :] < CHANNELS)
