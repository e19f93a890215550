"""Meta's own checkpoints of SAM 2.1, and MedSAM2's, which has their form.

sam2_1_hiera_tiny_keys.csv: names and shapes of the weights of Meta's package sam2 1.1.0, `sam2.1_hiera_t.yaml`.
sam2_1_hiera_tiny_answers.csv: what its SAM2ImagePredictor answered with image_size 128 and the weights of `numbers`.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from job.errors import WeightsError
from job.models.families.sam2 import Sam2
from job.models.hub.model import HubModel
from job.models.hub.network import POSITIONS
from job.models.hub.sam2 import SAM2
from job.models.hub.sam2_of_meta import ARCHITECTURES, OF_META_VIDEO, converted, name_of, parts_of
from job.models.registry import check
from job.testing import built, encode, make_request

HERE = Path(__file__).parent
SIDE = 128


def meta_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shapes of Meta's weights by name."""
    with (HERE / "sam2_1_hiera_tiny_keys.csv").open() as file:
        return {row["key"]: tuple(map(int, row["shape"].split("x"))) for row in csv.DictReader(file)}


def numbers(name: str, shape: tuple[int, ...]) -> Tensor:
    """Return a weight made from its name alone, about as large as a trained one."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little")
    values = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    if name.endswith("positional_encoding_gaussian_matrix"):
        return torch.from_numpy(values)
    if len(shape) > 1:
        return torch.from_numpy(values * np.float32(0.7 / max(1, int(np.prod(shape[1:]))) ** 0.5))
    norms = ("norm", "output_upscaling.1.", "mask_downscaling.1.", "mask_downscaling.4.")
    is_scale = name.endswith("weight") and any(norm in name for norm in norms)
    return torch.from_numpy(values * np.float32(0.1) + np.float32(is_scale))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file as Meta saves it, with all weights for videos."""
    path = tmp_path_factory.mktemp("meta") / "sam2.1_hiera_tiny.pt"
    torch.save({"model": {name: numbers(name, shape) for name, shape in meta_shapes().items()}}, path)
    return path


@pytest.fixture(scope="module")
def model(checkpoint: Path) -> HubModel:
    spec = {"name": "m", "family": "sam2", "checkpoint": str(checkpoint), "arch": "hiera_tiny", "image_size": SIDE}
    model = built(spec)
    assert isinstance(model, HubModel)
    return model


def test_each_weight_has_one_name_here_and_each_name_here_one_weight() -> None:
    """Both ways: of Meta's weights for images none is left over, and none of the network's is missing or made twice."""
    shapes = meta_shapes()
    state = converted({name: torch.empty(shape, device="meta") for name, shape in shapes.items()})
    with torch.device("meta"):
        config = SAM2.config_of(parts_of(ARCHITECTURES["hiera_tiny"]), "config")
        network = SAM2.network_of(config, state, _Nothing, "network")
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        name: tuple(tensor.shape) for name, tensor in network.state_dict().items()
    }
    of_images = [name for name in shapes if not name.startswith(OF_META_VIDEO)]
    made = Counter(map(name_of, of_images))
    assert set(made.values()) == {1}
    joined = {name for name in made if "point_embeddings" in name or "gaussian" in name}
    assert set(state) == (set(made) - joined) | {"prompt_encoder.point_embed.weight", *POSITIONS}


DIGESTS = {
    "hiera_small": "950ce66b3c2be3870e6cc0d6b4eba1d5cc6b506ad91b5d1f4028c80a5bbb3467",
    "hiera_base_plus": "fb5e3b9d303803fc7c2ca64fa903d1c563df6d29c30eff3a62ac3bf1f6adacec",
    "hiera_large": "4fa847c5d92757e8ae5b0c706f892cef6935dff9df8d29a5bc67fd7bd6de0b93",
}
"""Of the weights for images of Meta's networks, under their names here."""


@pytest.mark.parametrize("arch", DIGESTS)
def test_the_other_architectures_have_the_shapes_of_metas(arch: str) -> None:
    """By a digest of all names and shapes, made of Meta's own networks."""
    with torch.device("meta"):
        config = SAM2.config_of(parts_of(ARCHITECTURES[arch]), "config")
        state = SAM2.network_of(config, {}, _Nothing, "network").state_dict()
    lines = "\n".join(f"{name} {tuple(state[name].shape)}" for name in sorted(state))
    assert hashlib.sha256(lines.encode()).hexdigest() == DIGESTS[arch]


class _Nothing:
    """Neither reads nor compares."""

    @staticmethod
    def apply(*_: Any) -> None:
        return


def test_the_answers_are_those_of_metas_own_code(model: HubModel) -> None:
    """On an image that needs no resizing: logits at sixteen places, and predicted IoU, of every candidate."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    channels = [(columns * 3 + rows) % 256, (columns + rows * 2) % 256, (columns * rows // 16) % 256]
    [image] = encode(model, np.stack(channels, axis=-1).astype(np.uint8))
    points = {"points": [(SIDE // 3, SIDE // 4), (7, 50)], "labels": [1, 0]}
    prompts: dict[str, dict[str, Any]] = {
        "point": {"points": [(SIDE // 3, SIDE // 4)]},
        "points": points,
        "box": {"box": (11, 21, SIDE // 2, SIDE // 3)},
    }
    with (HERE / "sam2_1_hiera_tiny_answers.csv").open() as file:
        answers = list(csv.DictReader(file))
    places = [(i * 8 + 3, j * 8 + 5) for i in range(4) for j in range(4)]
    for row in answers:
        request = make_request(image, **prompts[row["prompt"]], multimask=row["multimask"] == "1")
        logits = model.logits([request])[0]
        candidate = int(row["candidate"])
        found = [float(logits.low_res_CHW[candidate, y, x]) for y, x in places]
        expected = [float(row[f"logit_{i}{j}"]) for i in range(4) for j in range(4)]
        assert found == pytest.approx(expected, abs=2e-4)
        assert float(logits.predicted_iou_C[candidate]) == pytest.approx(float(row["iou"]), abs=1e-5)


def spec(**keys: Any) -> Sam2:
    return Sam2(name="m", family="sam2", checkpoint="m.pt", **keys)


def test_the_check_compares_with_the_architecture(checkpoint: Path) -> None:
    """Without the values of the weights; at any size of image."""
    check(spec(arch="hiera_tiny"), checkpoint)
    check(spec(arch="hiera_tiny", image_size=512), checkpoint)
    with pytest.raises(WeightsError, match="as hiera_small: weights and architecture do not match; missing: vision"):
        check(spec(arch="hiera_small"), checkpoint)


def test_a_file_needs_an_architecture(checkpoint: Path) -> None:
    """It holds weights alone."""
    with pytest.raises(WeightsError, match="does not state its architecture; add arch"):
        check(spec(), checkpoint)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """By the names of the network."""
    kept = {name: numbers(name, shape) for name, shape in meta_shapes().items() if "iou_token" not in name}
    save_file(kept, tmp_path / "m.safetensors")
    with pytest.raises(WeightsError, match=r"missing: mask_decoder\.iou_token\.weight"):
        check(spec(arch="hiera_tiny"), tmp_path / "m.safetensors")
