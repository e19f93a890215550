"""The families of models: what each accepts, and how it is built from a spec and a checkpoint.

A family is one entry of `FAMILIES`. Its network's code, and torch, are imported when a model is built or compared with
a checkpoint, not when a spec is checked or planned.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from job import storage
from job.errors import WeightsError
from job.models import demo_weights
from job.models.click_based.capabilities import CAPABILITIES as CLICK_BASED
from job.models.known_weights import LITE_MEDSAM_ADDRESS, LITE_MEDSAM_SHA256
from job.models.protocol import Capabilities, PromptableModel
from job.study.model import LiteMedSam, LiteMedSamClicks, Model, Ritm, Sam, SimpleClick

if TYPE_CHECKING:
    from job.models.checkpoint import Use
    from job.models.device import Device, TorchDevice

Build = Callable[[Any, Path, Capabilities, Any], PromptableModel]
Check = Callable[[Any, Path], object]


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of models.

    build: builds a model from its spec, a local copy of its checkpoint, the family's capabilities and a device.
    check: raises WeightsError for what `build` would refuse, from the checkpoint's header alone.
    known_sha256: returns the sha256 that the weights at the spec's checkpoint address must have; None if they are not
    in a package.
    """

    capabilities: Capabilities
    build: Build
    check: Check
    known_sha256: Callable[[Any], str | None] = lambda spec: None


def capabilities(spec: Model) -> Capabilities:
    """Return what a model accepts. Its weights are not needed."""
    return FAMILIES[spec.family].capabilities


def build(
    spec: Model, checkpoint: Path, device: TorchDevice, precision: str, compiling: str = "auto"
) -> PromptableModel:
    """Build a model from a local copy of its checkpoint; WeightsError if that is not the one of the spec.

    precision: auto, fp32, bf16 or fp16. compiling: auto, on or off.
    """
    from job.models.checkpoint import verify_sha256
    from job.models.device import Device

    family = FAMILIES[spec.family]
    expected = spec.sha256 or family.known_sha256(spec)
    if expected:
        verify_sha256(checkpoint, expected, spec.name)
    return family.build(spec, checkpoint, family.capabilities, Device.of(device, precision, compiling))


def check(spec: Model, checkpoint: Path) -> None:
    """Raise WeightsError if a model cannot be built from a local copy of its checkpoint. Reads no weights into memory.

    The sha256 that the spec states is not checked: a plan checks it.
    """
    import torch

    from job.models.checkpoint import verify_sha256

    family = FAMILIES[spec.family]
    with torch.device("meta"):
        family.check(spec, checkpoint)
    expected = family.known_sha256(spec)
    if expected and not spec.sha256:
        verify_sha256(checkpoint, expected, spec.name)


def lite_medsam_checkpoint() -> Path:
    """Return the file of LiteMedSAM's weights inside its package."""
    path = storage.local_path(LITE_MEDSAM_ADDRESS)
    if path is None:
        raise WeightsError(f"{LITE_MEDSAM_ADDRESS}: expected a file of an installed package")
    return path


def _build_sam(spec: Sam, checkpoint: Path, accepted: Capabilities, device: Device) -> PromptableModel:
    from job.models.checkpoint import LOAD
    from job.models.sam import SamModel

    return SamModel(_sam(spec, checkpoint, LOAD), capabilities=accepted, device=device)


def _check_sam(spec: Sam, checkpoint: Path) -> None:
    from job.models.checkpoint import COMPARE

    _sam(spec, checkpoint, COMPARE)


def _sam(spec: Sam, checkpoint: Path, use: Use) -> Any:
    from job.models.checkpoint import read_weights
    from job.models.sam import build_sam

    state = read_weights(checkpoint, ("model",), use.read)  # as MedSAM's train_one_gpu.py saves it
    network = build_sam(spec.arch)
    use.apply(network, state, f"{checkpoint} as {spec.arch}")
    return network


def _build_lite_medsam(spec: LiteMedSam, checkpoint: Path, accepted: Capabilities, device: Device) -> PromptableModel:
    from job.models.lite_medsam import LiteMedSamModel, build_lite_medsam, load_lite_medsam

    network = build_lite_medsam()
    load_lite_medsam(network, checkpoint)
    return LiteMedSamModel(network, capabilities=accepted, device=device)


def _check_lite_medsam(spec: LiteMedSam, checkpoint: Path) -> None:
    from job.models.checkpoint import COMPARE
    from job.models.lite_medsam import build_lite_medsam, load_lite_medsam

    load_lite_medsam(build_lite_medsam(), checkpoint, COMPARE)


def _build_lite_medsam_clicks(
    spec: LiteMedSamClicks, checkpoint: Path, accepted: Capabilities, device: Device
) -> PromptableModel:
    from job.models.lite_medsam import LiteMedSamModel
    from job.models.lite_medsam_clicks import load_lite_medsam_clicks

    network = load_lite_medsam_clicks(checkpoint, lite_medsam_checkpoint())
    return LiteMedSamModel(network, capabilities=accepted, device=device)


def _check_lite_medsam_clicks(spec: LiteMedSamClicks, checkpoint: Path) -> None:
    from job.models.checkpoint import COMPARE
    from job.models.lite_medsam_clicks import load_lite_medsam_clicks

    load_lite_medsam_clicks(checkpoint, lite_medsam_checkpoint(), COMPARE)


def _build_ritm(spec: Ritm, checkpoint: Path, accepted: Capabilities, device: Device) -> PromptableModel:
    from job.models.ritm.load import load_ritm

    return load_ritm(checkpoint, spec.arch, device, **spec.ritm.model_dump())


def _check_ritm(spec: Ritm, checkpoint: Path) -> None:
    from job.models.checkpoint import COMPARE
    from job.models.ritm.load import ritm_network

    ritm_network(checkpoint, spec.arch, COMPARE)


def _build_simpleclick(spec: SimpleClick, checkpoint: Path, accepted: Capabilities, device: Device) -> PromptableModel:
    from job.models.simpleclick.load import load_simpleclick

    return load_simpleclick(checkpoint, spec.arch, device, **spec.simpleclick.model_dump())


def _check_simpleclick(spec: SimpleClick, checkpoint: Path) -> None:
    from job.models.checkpoint import COMPARE
    from job.models.simpleclick.load import simpleclick_network

    simpleclick_network(checkpoint, spec.arch, COMPARE)


def _demo_sha256(spec: LiteMedSamClicks | Ritm) -> str | None:
    return demo_weights.sha256_at(spec.checkpoint)


def _lite_medsam_sha256(spec: LiteMedSam) -> str | None:
    return LITE_MEDSAM_SHA256 if spec.checkpoint == LITE_MEDSAM_ADDRESS else None


FAMILIES: dict[str, Family] = {
    "sam": Family(
        capabilities=Capabilities(points=True, boxes=True, multimask=True, mask_input="optional"),
        build=_build_sam,
        check=_check_sam,
    ),
    "lite_medsam": Family(
        capabilities=Capabilities(points=False, boxes=True, multimask=False, mask_input="none"),
        build=_build_lite_medsam,
        check=_check_lite_medsam,
        known_sha256=_lite_medsam_sha256,
    ),
    "lite_medsam_clicks": Family(
        capabilities=Capabilities(points=True, boxes=True, multimask=True, mask_input="optional"),
        build=_build_lite_medsam_clicks,
        check=_check_lite_medsam_clicks,
        known_sha256=_demo_sha256,
    ),
    "ritm": Family(capabilities=CLICK_BASED, build=_build_ritm, check=_check_ritm, known_sha256=_demo_sha256),
    "simpleclick": Family(capabilities=CLICK_BASED, build=_build_simpleclick, check=_check_simpleclick),
}
