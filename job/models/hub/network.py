"""Networks of `transformers`, built from a folder's config and loaded strictly from its weights."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from job.errors import WeightsError
from job.models.checkpoint import Use
from job.models.hub.folder import CONFIG, read_config, read_folder

PARTS = ("vision_config", "prompt_encoder_config", "mask_decoder_config")
"""The parts of a config that make a network for images. Others are of the networks for videos."""
OF_VIDEO = (
    "memory_",
    "mask_downsample.",
    "object_pointer_proj.",
    "temporal_positional_encoding_projection_layer.",
    "no_memory_positional_encoding",
    "no_object_pointer",
    "occlusion_spatial_embedding_parameter",
    "spatial_perceiver.",
)
"""How names of weights begin that only networks for videos have."""
POSITIONS = ("shared_image_embedding.positional_embedding", "prompt_encoder.shared_embedding.positional_embedding")
"""Two names of one weight. Files may hold one of them."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of network.

    name: the classes in `transformers` are NAME + Config and NAME + Model. model_types: of configs that hold it; of
    videos: those among them whose weights hold more. encoders: the `model_type` of the vision config, and that of the
    `backbone_config` in it, if it has one; other encoders are not built. backbone: values that its keys may have.
    """

    name: str
    model_types: Collection[str]
    of_videos: Collection[str] = ()
    encoders: tuple[str, ...]
    backbone: Mapping[str, Sequence[Any]] = field(default_factory=dict)

    def unpacked(
        self, settings: Mapping[str, Any], state: Mapping[str, Tensor]
    ) -> tuple[Mapping[str, Any], Mapping[str, Tensor]]:
        """Return the parts of the config, and the weights, of the network for images."""
        if settings["model_type"] not in self.of_videos:
            return settings, state
        return settings, {key: tensor for key, tensor in state.items() if not key.startswith(OF_VIDEO)}

    def config_of(self, parts: Mapping[str, Any], where: str) -> Any:
        """Return a config of `transformers`; WeightsError if it refuses a value. where: what holds the parts."""
        import transformers

        vision = dict(parts.get("vision_config") or {})
        levels = [vision, vision.get("backbone_config") or {}][: len(self.encoders)]
        for settings, expected in zip(levels, self.encoders, strict=True):
            if settings.get("model_type", expected) != expected:
                raise WeightsError(f"{where}: expected a {expected}, got {settings['model_type']}; not supported")
        for key, values in self.backbone.items():
            if levels[-1].get(key) not in values:
                raise WeightsError(f"{where}: {key}: expected {values[0]}, got {levels[-1].get(key)}; not supported")
        try:
            return getattr(transformers, f"{self.name}Config")(**{key: parts[key] for key in PARTS if key in parts})
        except Exception as error:  # whatever the package's own checks raise
            raise WeightsError(f"{where}: {_first_line(error)}; download it again") from error

    def network_of(self, config: Any, state: Mapping[str, Tensor], use: Use, what: str) -> Any:
        """Build the network of a config, in float32, and load or compare its weights. what: where both are from."""
        import transformers

        try:
            network: nn.Module = getattr(transformers, f"{self.name}Model")(config)
        except Exception as error:
            raise WeightsError(f"{what}: {_first_line(error)}; download it again") from error
        use.apply(network, with_positions(state), what)
        return network


def load_folder(folder: Path, kind: Kind, use: Use) -> Any:
    """Build the network of a folder and load its weights, or compare them; it knows its `config`."""
    if not folder.is_dir():
        raise WeightsError(f"{folder}: expected a folder with {CONFIG} and weights, got a file; give its folder")
    settings = read_config(folder, kind.model_types)
    parts, state = kind.unpacked(settings, read_folder(folder, use.read))
    config = kind.config_of(parts, str(folder / CONFIG))
    return kind.network_of(config, state, use, f"{folder} as {settings['model_type']}")


def with_positions(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return weights with both names of the positional embedding, if there is one of them."""
    held = next((state[name] for name in POSITIONS if name in state), None)
    return {**({} if held is None else dict.fromkeys(POSITIONS, held)), **state}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
