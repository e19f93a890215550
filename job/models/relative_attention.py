"""Attention with decomposed relative positions (Li et al. 2022, MViTv2, arXiv 2112.01526), without its map.

The score of a query and a key is q·k / sqrt(d), plus a term for the row of the key and one for its column. As SAM's
authors compute it, the N x N scores of every head exist three times over. Here no more than a slice of them does. The
three functions below compute the same, each in the way that suits a device.

N: images, or windows. H: heads. T: tokens of a square, row by row. S: its side, so T = S * S. D: channels of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad, scaled_dot_product_attention

Attention = Literal["sliced", "appended", "kernel"]
"""sliced: biases of some heads at a time. appended: the terms as more channels of queries and keys, for any fused
kernel. kernel: one of this project, for an NVIDIA GPU in half precision; S is 16, 32, 64 or 128."""

BIAS_NUMBERS = {"cpu": 1 << 24, "cuda": 1 << 28}
"""Upper bound on the biases that exist at once, by type of device; one head of 4,096 tokens has 1 << 24."""
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
    """Attend with biases, which are made for some images, or some heads of one, at a time."""
    count, heads, tokens, _ = terms.queries.shape
    side = terms.by_row.shape[-1]
    together = max(1, BIAS_NUMBERS[terms.queries.device.type] // tokens**2)
    if count * heads <= together:
        return _biased(terms, None)
    # All slices share the memory of a bias. If each had its own, what is kept of a slice would lie in the gap that the
    # last bias left, and the next one would not fit there any more: on a CPU they took the memory of all together.
    bias = terms.by_row.new_empty(min(together, heads * max(1, together // heads)), tokens, side, side)
    attended = torch.empty_like(terms.values)
    for images in _slices(count, together // heads):
        for some in _slices(heads, together):
            attended[images, some] = _biased(Terms(*(tensor[images, some] for tensor in terms)), bias)
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


def kernel(terms: Terms) -> Tensor:
    """Attend by the project's own kernel. It needs the package triton, which comes with torch for GPUs."""
    from job.models.relative_kernel import attend_by_kernel

    return attend_by_kernel(*terms)


FUNCTIONS: dict[Attention, Callable[[Terms], Tensor]] = {"sliced": sliced, "appended": appended, "kernel": kernel}


def _biased(terms: Terms, memory: Tensor | None) -> Tensor:
    """Attend with a bias, in memory for so many heads or in its own."""
    count, heads, tokens, side = terms.by_row.shape
    place = None if memory is None else memory[: count * heads].view(count, heads, tokens, side, side)
    bias_NHTSS = torch.add(terms.by_row[..., :, None], terms.by_column[..., None, :], out=place)
    return scaled_dot_product_attention(terms.queries, terms.keys, terms.values, bias_NHTSS.flatten(-2))


def _slices(total: int, size: int) -> list[slice]:
    """Divide a total into slices of at most so many, and at least one."""
    return [slice(start, start + max(1, size)) for start in range(0, total, max(1, size))]


def _one_hot(side: int, like: Tensor) -> Tensor:
    """Return (T, 2 * S): for each token a one at its row, and a one at its column."""
    unit = torch.eye(side, dtype=like.dtype, device=like.device)
    return torch.cat((unit.repeat_interleave(side, dim=0), unit.repeat(side, 1)), dim=-1)
