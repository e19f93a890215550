"""SAM's image encoder (Kirillov et al. 2023, arXiv 2304.02643, appendix A; Li et al. 2022, ViTDet, arXiv 2203.16527).

It runs on the weights of the authors' network and returns the same numbers in less time and memory: attention makes no
N x N map (`job.models.relative_attention`), windows are cut after the products that do not need them, and each weight
is cast once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, gelu, layer_norm, linear, pad

from job.models.relative_attention import Attention, attend

Affine = tuple[Tensor, Tensor]
"""Weight and bias."""


class Block(NamedTuple):
    """The weights of a transformer block: float32 where numbers are normalised, else in the dtype of the products.

    window: side of the windows that attend within themselves, in tokens; 0: all tokens attend to all. rows, columns:
    embedding of each pair of rows, and of columns: (S, S, D).
    """

    window: int
    heads: int
    eps: float
    norm1: Affine
    qkv: Affine
    rows: Tensor
    columns: Tensor
    proj: Affine
    norm2: Affine
    lin1: Affine
    lin2: Affine


@dataclass(frozen=True, kw_only=True)
class How:
    """How the encoder computes what it computes.

    attention: within the whole image. windowed: within windows. compiled: whether torch compiles each kind of block.
    residual: dtype of the sums that pass through all blocks; float32, as under autocast, unless only speed matters.
    """

    attention: Attention
    windowed: Attention
    compiled: bool = False
    residual: torch.dtype = torch.float32


class ImageEncoder:
    """The forward pass of the authors' `ImageEncoderViT` on its weights; those of products are cast to `dtype` once.

    batch: if the blocks are compiled, they always run on so many images, of which some may be zeros. So they are
    compiled once, and an image has the same features in any company.
    """

    def __init__(self, network: nn.Module, dtype: torch.dtype, how: How, batch: int) -> None:
        self._batch = batch if how.compiled else 1
        self._how = how
        self._dtype = dtype
        vit: Any = network
        self._patches, self._stride = _affine(vit.patch_embed.proj, dtype), vit.patch_embed.proj.stride
        self._positions = vit.pos_embed.detach()
        narrow, self._norm1, mix, self._norm2 = vit.neck
        self._narrow, self._mix = (layer.weight.detach().to(dtype) for layer in (narrow, mix))
        self._blocks = [_block(block, dtype) for block in vit.blocks]
        self._run: Callable[..., Tensor] = torch.compile(run_block) if how.compiled else run_block

    def __call__(self, images_NCHW: Tensor) -> Tensor:
        """Return (N, 256, 64, 64), float32, from normalised images, (N, 3, 1024, 1024)."""
        count = len(images_NCHW)
        images_NCHW = pad(images_NCHW, (0, 0, 0, 0, 0, 0, 0, -count % self._batch))
        embedded = conv2d(images_NCHW.to(self._dtype), *self._patches, stride=self._stride)
        tokens = (embedded.permute(0, 2, 3, 1) + self._positions).to(self._how.residual)
        for block in self._blocks:
            tokens = self._run(tokens, block, self._how.windowed if block.window else self._how.attention)
        features = self._norm1(conv2d(tokens.to(self._dtype).permute(0, 3, 1, 2), self._narrow).float())
        normalised: Tensor = self._norm2(conv2d(features.to(self._dtype), self._mix, padding=1).float())
        return normalised[:count]


def run_block(tokens_NSSC: Tensor, block: Block, attention: Attention) -> Tensor:
    """Return the tokens after a block: attention, then two layers, each added to what it got."""
    dtype = block.qkv[0].dtype
    qkv = linear(_normalised(tokens_NSSC, block.norm1, block.eps).to(dtype), *block.qkv)
    attended = _in_windows(qkv, block, attention) if block.window else _attend(qkv, block, attention)
    tokens_NSSC = tokens_NSSC + linear(attended, *block.proj)
    hidden = gelu(linear(_normalised(tokens_NSSC, block.norm2, block.eps).to(dtype), *block.lin1))
    return tokens_NSSC + linear(hidden, *block.lin2)


def _block(block: Any, dtype: torch.dtype) -> Block:
    attention = block.attn
    return Block(
        window=block.window_size,
        heads=attention.num_heads,
        eps=block.norm1.eps,
        norm1=_affine(block.norm1, torch.float32),
        qkv=_affine(attention.qkv, dtype),
        rows=_pairs(attention.rel_pos_h).to(dtype),
        columns=_pairs(attention.rel_pos_w).to(dtype),
        proj=_affine(attention.proj, dtype),
        norm2=_affine(block.norm2, torch.float32),
        lin1=_affine(block.mlp.lin1, dtype),
        lin2=_affine(block.mlp.lin2, dtype),
    )


def _affine(module: Any, dtype: torch.dtype) -> Affine:
    return module.weight.detach().to(dtype), module.bias.detach().to(dtype)


def _pairs(by_distance: Tensor) -> Tensor:
    """Return (S, S, D), by query and key, from the embedding of each distance from 1 - S to S - 1."""
    side = (len(by_distance) + 1) // 2
    places = torch.arange(side, device=by_distance.device)
    return by_distance.detach()[places[:, None] - places + side - 1]


def _normalised(tokens: Tensor, norm: Affine, eps: float) -> Tensor:
    return layer_norm(tokens.float(), tokens.shape[-1:], *norm, eps)


def _attend(qkv: Tensor, block: Block, attention: Attention) -> Tensor:
    return attend(qkv, block.heads, block.rows, block.columns, attention)


def _in_windows(qkv: Tensor, block: Block, attention: Attention) -> Tensor:
    """Attend within windows. The image is filled up to whole windows with tokens of zeros, which keys can be.

    The query, key and value of such a token are the biases of their layer.
    """
    count, side, _, channels = qkv.shape
    window = block.window
    across = -(-side // window)
    filled = block.qkv[1].expand(count, across * window, across * window, channels).clone()
    filled[:, :side, :side] = qkv
    windows = filled.view(count, across, window, across, window, channels).transpose(2, 3)
    attended = _attend(windows.reshape(-1, window, window, channels), block, attention)
    joined = attended.view(count, across, across, window, window, -1).transpose(2, 3)
    return joined.reshape(count, across * window, across * window, -1)[:, :side, :side]
