"""The architecture of a RITM checkpoint. An official one has a config, which is read as data; no class is imported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from job.errors import WeightsError


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

_TYPES: Mapping[str, type] = {
    "width": int,
    "ocr_width": int,
    "small": bool,
    "use_leaky_relu": bool,
    "norm_radius": int,
    **dict.fromkeys(SUPPORTED, bool),
}


def architecture_of(config: Any) -> RitmArch:
    """Read the `config` of an official checkpoint: `{"class": "….HRNetModel", "params": {name: {"value": …}, …}}`.

    Params that do not affect the network are ignored; an absent one takes `RitmArch`'s default.
    """
    if not isinstance(config, Mapping) or not isinstance(config.get("params"), Mapping):
        raise WeightsError(f"RITM config: expected a mapping with 'class' and 'params' (got {type(config).__name__})")
    if str(config.get("class")).rpartition(".")[2] != "HRNetModel":
        raise WeightsError(f"RITM config: class: expected an HRNetModel (got {config.get('class')!r})")
    params: dict[str, Any] = {}
    for name, type_ in _TYPES.items():
        entry = config["params"].get(name)
        value = entry.get("value") if isinstance(entry, Mapping) else entry
        if value is None and name in ("width", "ocr_width"):
            raise WeightsError(f"RITM config: params.{name}: expected {type_.__name__} (it is absent)")
        if value is None:
            continue
        if type(value) is not type_:
            raise WeightsError(f"RITM config: params.{name}: expected {type_.__name__} (got {value!r})")
        if value != SUPPORTED.get(name, value):
            raise WeightsError(
                f"RITM config: params.{name}: expected {SUPPORTED[name]}, as in all released weights (got {value})"
            )
        if name not in SUPPORTED:
            params[name] = value
    return RitmArch(**params)


def check_architecture(arch: RitmArch, name: str) -> None:
    """Raise WeightsError unless a checkpoint's architecture is the one that the spec names."""
    expected = asdict(named_architecture(name))
    differing = [
        f"{field} {value!r} instead of {expected[field]!r}"
        for field, value in asdict(arch).items()
        if value != expected[field]
    ]
    if differing:
        matching = [other for other, known in ARCHITECTURES.items() if known == arch]
        remedy = f"set arch: {matching[0]}" if matching else f"supported are {', '.join(ARCHITECTURES)}"
        raise WeightsError(f"arch: the checkpoint is not {name}: {', '.join(differing)}; {remedy}")


def named_architecture(name: str) -> RitmArch:
    """Return the architecture that a spec names."""
    if name not in ARCHITECTURES:
        raise WeightsError(f"arch: expected one of {', '.join(ARCHITECTURES)} (got {name!r})")
    return ARCHITECTURES[name]
