"""The family `sam2`: SAM 2 and 2.1 on images, from the hub's folders or Meta's own checkpoints; MedSAM2 is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from job.models.family import Family
from job.models.hub import AS_SAM, FILES, PACKAGES
from job.models.protocol import PromptableModel
from job.study.model import ModelSpec
from job.study.strict import Address

if TYPE_CHECKING:
    from job.models.checkpoint import Use
    from job.models.device import Device


class Sam2(ModelSpec):
    """SAM 2 and 2.1 (Ravi et al. 2024). MedSAM2 is a SAM 2.1 hiera_tiny of image_size 512."""

    family: Literal["sam2"]
    checkpoint: Address
    """A folder as the hub lays it out, or a `.pt` of Meta's."""
    arch: Literal["hiera_tiny", "hiera_small", "hiera_base_plus", "hiera_large"] | None = None
    """Of a `.pt`, which needs it. A folder states its own."""
    image_size: Annotated[int, Field(ge=32, le=4096, multiple_of=32)] | None = None
    """Side of the encoder's square, px, of a `.pt`: 1024 if nothing is stated."""


def build(spec: Sam2, checkpoint: Path, device: Device) -> PromptableModel:
    """Build SAM 2 as its authors' image predictor runs it."""
    from job.models.checkpoint import LOAD
    from job.models.hub.sam2 import Sam2Model, memory_of, preprocessing_of

    network = _network(spec, checkpoint, LOAD)
    preprocessing = preprocessing_of(network, checkpoint)
    return Sam2Model(network, preprocessing=preprocessing, memory=memory_of(network), encoding="sam2 1", device=device)


def check(spec: Sam2, checkpoint: Path) -> None:
    """Compare names and shapes of the weights with the architecture, and read the settings."""
    from job.models.checkpoint import COMPARE
    from job.models.hub.sam2 import preprocessing_of

    preprocessing_of(_network(spec, checkpoint, COMPARE), checkpoint)


def _network(spec: Sam2, checkpoint: Path, use: Use) -> Any:
    from job.errors import WeightsError
    from job.models.hub.network import load_folder
    from job.models.hub.sam2 import SAM2
    from job.models.hub.sam2_of_meta import IMAGE_SIZE, load_meta

    if checkpoint.is_dir():
        if spec.arch or spec.image_size:
            raise WeightsError(f"{checkpoint}: a folder states its own architecture; leave out arch and image_size")
        return load_folder(checkpoint, SAM2, use)
    if spec.arch is None:
        raise WeightsError(f"{checkpoint}: a file of Meta's does not state its architecture; add arch: hiera_tiny, …")
    return load_meta(checkpoint, spec.arch, spec.image_size or IMAGE_SIZE, use)


FAMILY = Family(
    spec=Sam2,
    capabilities=AS_SAM,
    build=build,
    check=check,
    files_of_folder=FILES,
    packages=PACKAGES,
)
