"""A plain vision transformer with windows (Dosovitskiy et al. 2021; He et al. 2022, MAE; Li et al. 2022, ViTDet).

Attention has no relative positions, so the order of tokens does not matter: they stay in the order of the windows from
the first block to the last. A window is then a run of tokens, and the image is all of them. Attributes are named as in
the released weights. The class token, which those contain, has no part in the features.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from job.models.simpleclick.architecture import SimpleClickArch

WINDOWS = 2
"""Windows in a row, and in a column; so each has 224 pixels a side."""
MLP_RATIO = 4
EPS = 1e-6


class PatchEmbed(nn.Module):
    """Three channels (B, 3, H, W) to one token for each patch (B, H/P, W/P, C)."""

    def __init__(self, patch: int, channels: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, channels, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        """Return the tokens."""
        embedded: Tensor = self.proj(x)
        return embedded.permute(0, 2, 3, 1)


class Attention(nn.Module):
    """Multi-head self-attention of each row of tokens."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(channels, 3 * channels)
        self.proj = nn.Linear(channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (R, N, C) from (R, N, C)."""
        rows, count, channels = tokens.shape
        qkv = self.qkv(tokens).view(rows, count, 3, self.heads, channels // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value).transpose(1, 2)
        projected: Tensor = self.proj(attended.reshape(rows, count, channels))
        return projected


class Mlp(nn.Module):
    """Two layers, applied to each token."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, MLP_RATIO * channels)
        self.fc2 = nn.Linear(MLP_RATIO * channels, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return tokens of the same shape."""
        out: Tensor = self.fc2(gelu(self.fc1(tokens)))
        return out


class Block(nn.Module):
    """Attention within windows, or within the whole image, then two layers; each is added to what it was given."""

    def __init__(self, channels: int, heads: int, *, windowed: bool) -> None:
        super().__init__()
        self.windowed = windowed
        self.norm1 = nn.LayerNorm(channels, eps=EPS)
        self.attn = Attention(channels, heads)
        self.norm2 = nn.LayerNorm(channels, eps=EPS)
        self.mlp = Mlp(channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, N, C) from (B, N, C), in the order of the windows."""
        normalised = self.norm1(tokens)
        rows = normalised.view(len(tokens) * WINDOWS**2, -1, tokens.shape[2]) if self.windowed else normalised
        tokens = tokens + self.attn(rows).view_as(tokens)
        out: Tensor = tokens + self.mlp(self.norm2(tokens))
        return out


class VisionTransformer(nn.Module):
    """Normalised images, and what is known of the object at each patch, to features of each patch."""

    def __init__(self, arch: SimpleClickArch) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + arch.grid**2, arch.embed_dim))
        self.patch_embed = PatchEmbed(arch.patch_size, arch.embed_dim)
        self.blocks = nn.Sequential(
            *(
                Block(arch.embed_dim, arch.num_heads, windowed=number % arch.global_every != 0)
                for number in range(1, arch.depth + 1)
            )
        )

    def forward(self, image: Tensor, added: Tensor) -> Tensor:
        """Return (B, C, S, S) from images (B, 3, H, W) and what is added to their tokens, (B, S, S, C)."""
        tokens = self.patch_embed(image) + added
        side = tokens.shape[1]
        tokens = tokens + self.pos_embed[:, 1:].view(1, side, side, -1)  # the first is of the class token
        return from_windows(self.blocks(in_windows(tokens)), side)


def in_windows(tokens: Tensor) -> Tensor:
    """Return tokens of rows and columns (B, S, S, C) in the order of the windows: (B, S * S, C)."""
    count, side, _, channels = tokens.shape
    windows = tokens.view(count, WINDOWS, side // WINDOWS, WINDOWS, side // WINDOWS, channels).transpose(2, 3)
    return windows.reshape(count, side * side, channels)


def from_windows(tokens: Tensor, side: int) -> Tensor:
    """Return tokens (B, S * S, C), given in the order of the windows, as an image: (B, C, S, S)."""
    count, _, channels = tokens.shape
    windows = tokens.view(count, WINDOWS, WINDOWS, side // WINDOWS, side // WINDOWS, channels).transpose(2, 3)
    return windows.reshape(count, side, side, channels).permute(0, 3, 1, 2)
