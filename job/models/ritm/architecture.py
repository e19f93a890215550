"""The architecture of a RITM checkpoint. An official one has a config, which is read as data; no class is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from job.models.click_based.config import ConfigForm, check_params, named


@dataclass(frozen=True, kw_only=True)
class RitmArch:
    """The params of an official config that determine the network, under their names there."""

    width: int
    """Channels of HRNet's finest branch."""
    ocr_width: int
    """Key channels of the object attention; the pixel representation has twice as many."""
    small: bool = False
    """Use half the residual blocks, and fewer modules in the last two stages."""
    use_leaky_relu: bool = True
    """Use leaky ReLU in the click branch, else ReLU."""
    norm_radius: int = 5
    """Radius of the disks that represent clicks, in pixels of the network's input."""


ARCHITECTURES: Mapping[str, RitmArch] = {
    "hrnet18s": RitmArch(width=18, ocr_width=48, small=True),
    "hrnet18": RitmArch(width=18, ocr_width=64),
    "hrnet32": RitmArch(width=32, ocr_width=128),
}

SUPPORTED: Mapping[str, bool] = {
    "with_aux_output": True,
    "use_rgb_conv": False,
    "use_disks": True,
    "with_prev_mask": True,
}
"""Required values of other params, as in all released checkpoints: a coarse output, clicks added after the first
convolution, clicks as disks, and the previous mask as an input channel. A param may be absent."""

FORM = ConfigForm(
    family="RITM",
    model_class="HRNetModel",
    types={"width": int, "ocr_width": int, "small": bool, "use_leaky_relu": bool, "norm_radius": int},
    required=("width", "ocr_width"),
    supported=SUPPORTED,
)


def architecture_of(config: Any) -> RitmArch:
    """Read the `config` of an official checkpoint; an absent param takes `RitmArch`'s default."""
    return RitmArch(**FORM.read(config))


def check_architecture(arch: RitmArch, name: str) -> None:
    """Raise WeightsError unless a checkpoint's architecture is the one that the spec names."""
    check_params(asdict(arch), name, ARCHITECTURES)


def named_architecture(name: str) -> RitmArch:
    """Return the architecture that a spec names."""
    return named(name, ARCHITECTURES)
