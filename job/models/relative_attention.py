"""Attention with decomposed relative positions (Li et al. 2022, MViTv2, arXiv 2112.01526), without its map.

The score of a query and a key is q·k / sqrt(d), plus a term for the row of the key and one for its column. As SAM's
authors compute it, the N x N scores of every head exist three times over. Here no more than a slice of them does. The
three functions below compute the same, each in the way that suits a device.

N: images, or windows. H: heads. T: tokens of a square, row by row. S: its side, so T = S * S. D: channels of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

Attention = Literal["sliced", "appended", "flex", "mixed"]
"""sliced: biases of a few heads at a time, for a CPU. appended: the terms as more channels of queries and keys, for
any fused kernel. flex: the terms are added inside a kernel that is compiled for it, for CUDA. mixed: one of either."""

BIAS_NUMBERS = 1 << 24
"""Upper bound on the biases that exist at once, so that they take 64 MiB in float32: one head of 4,096 tokens."""
ALIGNMENT = 8
"""Fused kernels want the channels of a head in multiples of it."""


class Terms(NamedTuple):
    """Queries, keys, values: NHTD. The relative terms of each query: NHTS, by the row and the column of the key."""

    queries: Tensor
    keys: Tensor
    values: Tensor
    by_row: Tensor
    by_column: Tensor

    @property
    def scale(self) -> float:
        """The factor of the products of queries and keys."""
        return float(self.queries.shape[-1] ** -0.5)


def attend(qkv: Tensor, heads: int, rows_SSD: Tensor, columns_SSD: Tensor, attention: Attention) -> Tensor:
    """Return (N, S, S, C) from queries, keys and values in one tensor, (N, S, S, 3 * C).

    rows_SSD: the embedding of each pair of a query's row and a key's row. columns_SSD: the same of columns.
    """
    count, side, _, channels = qkv.shape
    queries, keys, values = qkv.view(count, side * side, 3, heads, channels // (3 * heads)).permute(2, 0, 3, 1, 4)
    grid = queries.unflatten(2, (side, side))
    terms = Terms(
        queries=queries,
        keys=keys,
        values=values,
        by_row=torch.einsum("nhrcd,rkd->nhrck", grid, rows_SSD).flatten(2, 3),
        by_column=torch.einsum("nhrcd,ckd->nhrck", grid, columns_SSD).flatten(2, 3),
    )
    attended_NHTD = FUNCTIONS[attention](terms)
    return attended_NHTD.transpose(1, 2).reshape(count, side, side, channels // 3)


def sliced(terms: Terms) -> Tensor:
    """Attend with biases that are made for a few heads at a time."""
    count, heads, tokens, _ = terms.queries.shape
    together = max(1, BIAS_NUMBERS // tokens**2)
    attended = torch.empty_like(terms.values)
    for images in _slices(count, together // heads):
        for some in _slices(heads, together):
            part = Terms(*(tensor[images, some] for tensor in terms))
            bias_NHTT = (part.by_row[..., :, None] + part.by_column[..., None, :]).flatten(-2)
            attended[images, some] = scaled_dot_product_attention(part.queries, part.keys, part.values, bias_NHTT)
    return attended


def appended(terms: Terms) -> Tensor:
    """Attend with 2 * S more channels: the terms of the query, and for the key a one in its row and in its column.

    The values get zeros to the same number of channels, since not every kernel takes another one for them.
    """
    channels, side = terms.values.shape[-1], terms.by_row.shape[-1]
    more = -(channels + 2 * side) % ALIGNMENT
    inverse = 1 / terms.scale
    queries = torch.cat((terms.queries, terms.by_row * inverse, terms.by_column * inverse), dim=-1)
    keys = torch.cat((terms.keys, _one_hot(side, terms.keys).expand(*terms.keys.shape[:2], -1, -1)), dim=-1)
    padded = scaled_dot_product_attention(
        pad(queries, (0, more)), pad(keys, (0, more)), pad(terms.values, (0, 2 * side + more)), scale=terms.scale
    )
    return padded[..., :channels]


def flex(terms: Terms) -> Tensor:
    """Attend with the terms read inside the kernel: two numbers for each pair of a query and a key."""
    by_row, by_column, side = terms.by_row, terms.by_column, terms.by_row.shape[-1]

    def with_terms(score: Tensor, image: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        at_row = by_row[image, head, query, key // side]
        return score + at_row + by_column[image, head, query, key % side]

    attended: Tensor = _flex_attention()(
        terms.queries, terms.keys, terms.values, score_mod=with_terms, scale=terms.scale
    )
    return attended


def mixed(terms: Terms) -> Tensor:
    """Attend with the terms of columns as more channels, and those of rows read inside the kernel."""
    by_row, side = terms.by_row, terms.by_row.shape[-1]
    unit = torch.eye(side, dtype=terms.keys.dtype, device=terms.keys.device).repeat(side, 1)
    queries = torch.cat((terms.queries, terms.by_column * (1 / terms.scale)), dim=-1)
    keys = torch.cat((terms.keys, unit.expand(*terms.keys.shape[:2], -1, -1)), dim=-1)

    def with_rows(score: Tensor, image: Tensor, head: Tensor, query: Tensor, key: Tensor) -> Tensor:
        return score + by_row[image, head, query, key // side]

    attended: Tensor = _flex_attention()(queries, keys, terms.values, score_mod=with_rows, scale=terms.scale)
    return attended


FUNCTIONS: dict[Attention, Callable[[Terms], Tensor]] = {
    "sliced": sliced,
    "appended": appended,
    "flex": flex,
    "mixed": mixed,
}


def _slices(total: int, size: int) -> list[slice]:
    size = max(1, size)
    return [slice(start, start + size) for start in range(0, total, size)]


def _one_hot(side: int, like: Tensor) -> Tensor:
    """Return (T, 2 * S): for each token a one at its row, and a one at its column."""
    unit = torch.eye(side, dtype=like.dtype, device=like.device)
    return torch.cat((unit.repeat_interleave(side, dim=0), unit.repeat(side, 1)), dim=-1)


@cache
def _flex_attention() -> Any:
    """Return torch's FlexAttention, compiled: without that it makes the whole map. Its import takes seconds."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)
