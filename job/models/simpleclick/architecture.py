"""The architecture of a SimpleClick checkpoint. An official one has a config, which is read as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from job.models.click_based.config import ConfigForm, check_params, named


@dataclass(frozen=True, kw_only=True)
class SimpleClickArch:
    """The params of an official config that determine the network, under their names there; and the sizes after it."""

    embed_dim: int
    """Channels of a token."""
    depth: int
    """Number of transformer blocks."""
    num_heads: int
    """Heads of each attention."""
    patch_size: int = 16
    """Side of a patch, in pixels of the network's input."""
    img_size: int = 448
    """Side of the network's input, in pixels."""
    norm_radius: int = 5
    """Radius of the disks that represent clicks, in pixels of the network's input."""
    neck_dims: tuple[int, int, int, int]
    """Channels of the feature pyramid, finest level first."""
    head_channels: int = 256
    """Channels of the head."""

    @property
    def grid(self) -> int:
        """Patches in a row, and in a column."""
        return self.img_size // self.patch_size

    @property
    def global_every(self) -> int:
        """Of so many blocks, the last attends to the whole image."""
        return 6 if self.depth == 12 else self.depth // 4


ARCHITECTURES: Mapping[str, SimpleClickArch] = {
    "vit_b": SimpleClickArch(embed_dim=768, depth=12, num_heads=12, neck_dims=(128, 256, 512, 1024)),
    "vit_l": SimpleClickArch(embed_dim=1024, depth=24, num_heads=16, neck_dims=(192, 384, 768, 1536)),
    "vit_h": SimpleClickArch(embed_dim=1280, depth=32, num_heads=16, patch_size=14, neck_dims=(240, 480, 960, 1920)),
    "vit_xt": SimpleClickArch(embed_dim=160, depth=8, num_heads=4, neck_dims=(96, 192, 288, 384), head_channels=128),
}

FORM = ConfigForm(
    family="SimpleClick",
    model_class="PlainVitModel",
    types=dict.fromkeys(("embed_dim", "depth", "num_heads", "patch_size", "img_size", "norm_radius"), int),
    required=("embed_dim", "depth", "num_heads"),
    supported={"use_disks": True, "with_prev_mask": True, "upsample": "x1", "align_corners": False},
)
"""Other sizes show in the shapes of the weights; the number of heads does not."""


def check_config(config: Any, arch: str) -> None:
    """Raise WeightsError unless the `config` of an official checkpoint is that of the architecture in the spec."""
    check_params(FORM.read(config), arch, ARCHITECTURES)


def named_architecture(name: str) -> SimpleClickArch:
    """Return the architecture that a spec names."""
    return named(name, ARCHITECTURES)
