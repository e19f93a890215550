"""What the speed benchmarks run on: images with label maps on disk, deterministic weights, and the studies over them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count as count_from
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from segment_anything import sam_model_registry

from job.datasets.generated.anatomy import LABELS
from job.datasets.generated.generate import generate
from job.models.ritm.architecture import ARCHITECTURES
from job.models.ritm.network import RitmNetwork

SEED = 1
MODES = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")
CHOICES = ("first", "oracle")
CLICKS = 9
DISTINCT = 256
"""Number of images that are drawn."""
EXPERIMENTS = tuple((kind, choice) for kind in ("modes", "clicks") for choice in CHOICES)
"""Prompts and mask choice of each experiment; the published scripts run them one after the other."""

EMBEDDINGS = (
    *("prompt_encoder.pe_layer.", "prompt_encoder.point_embeddings.", "prompt_encoder.no_mask_embed."),
    *("prompt_encoder.not_a_point_embed.", "mask_decoder.iou_token.", "mask_decoder.mask_tokens."),
)
"""Weights of SAM that are vectors of their own, not matrices: of variance 1, as the authors initialise them."""

Experiments = Sequence[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model and its experiments. model: as in a spec."""

    model: Mapping[str, Any]
    experiments: Experiments

    @property
    def family(self) -> str:
        """The family of the model."""
        return str(self.model["family"])


def subject(name: str, weights: Path, experiments: Experiments = EXPERIMENTS) -> Subject:
    """Return a subject: `vit_b`, `vit_l` or `vit_h` (random weights), `lite`, `h18s` (shipped), `h18` or `h32` (random).

    weights: the folder to which random weights are written. RITM has one mask, so one experiment.
    """
    if name.startswith("vit"):
        model = {"family": "sam", "arch": name, "checkpoint": str(sam_weights(name, weights))}
    elif name == "lite":
        model = {"family": "lite_medsam_clicks"}
    elif name == "h18s":
        model = {"family": "ritm", "arch": "hrnet18s"}
        model["checkpoint"] = "package://job/models/weights/ritm_h18s_demo.safetensors"
    else:
        arch = f"hrnet{name.removeprefix('h')}"
        model = {"family": "ritm", "arch": arch, "checkpoint": str(ritm_weights(arch, weights))}
    own = experiments if model["family"] != "ritm" else [("clicks", "single")]
    return Subject(model={"name": name, **model}, experiments=own)


def sam_weights(arch: str, folder: Path) -> Path:
    """Write random weights of SAM in the format of the published checkpoints, unless they are there."""
    path = folder / f"{arch}.pth"
    if not path.is_file():
        with torch.device("meta"):
            network = sam_model_registry[arch]()
        torch.save(random_state(network), path)
    return path


def ritm_weights(arch: str, folder: Path) -> Path:
    """Write random weights of RITM, unless they are there."""
    path = folder / f"{arch}.safetensors"
    if not path.is_file():
        torch.manual_seed(0)
        save_file(RitmNetwork(ARCHITECTURES[arch]).state_dict(), path)
    return path


def random_state(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return weights that depend on nothing but their names and shapes, and of which each affects the output.

    Gains are near 1, matrices and kernels have the variance of Xavier's rule, all else is small. Also those weights are
    random that the authors initialise to zeros, such as SAM's relative positions.
    """
    items = network.state_dict()
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(items, pool.map(_random, items, items.values()), strict=True))


def _random(name: str, like: torch.Tensor) -> torch.Tensor:
    noise = torch.randn(like.shape, generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    if name.startswith(EMBEDDINGS):
        return noise
    if like.ndim == 1:
        return 0.02 * noise + (1 if name.endswith("weight") else 0)
    is_position = "rel_pos" in name or "pos_embed" in name
    return noise * (0.02 if is_position else (like.numel() / len(like)) ** -0.5)


def write_images(folder: Path, count: int, objects: int, side: int) -> None:
    """Write generated images that hold each of the first labels, and their label maps, as PNG files.

    objects: number of labels. An image's brightest pixel is 255. Beyond `DISTINCT`, images are repeated.
    """
    for kind in ("images", "masks"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for index, (image_HW, labels_HW) in enumerate(islice(_drawn(objects, side), min(count, DISTINCT))):
        Image.fromarray(_full_range(image_HW)).save(_named(folder, "images", index))
        Image.fromarray(labels_HW).save(_named(folder, "masks", index))
    for index in range(DISTINCT, count):
        for kind in ("images", "masks"):
            _named(folder, kind, index).hardlink_to(_named(folder, kind, index % DISTINCT))


def _drawn(objects: int, side: int) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Draw images and label maps without end, and yield those with each of the first labels."""
    wanted = set(tasks(objects).values())
    with ThreadPoolExecutor() as pool:
        for first in count_from(0, 32):
            for image_HW, labels_HW in pool.map(lambda p: generate(SEED, p, 0, side), range(first, first + 32)):
                if wanted <= set(np.unique(labels_HW).tolist()):
                    yield image_HW, labels_HW


def _named(folder: Path, kind: str, index: int) -> Path:
    return folder / kind / f"case{index:05d}.png"


def _full_range(image_HW: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (image_HW.astype(np.float64) * (255 / image_HW.max())).round().astype(np.uint8)


def tasks(objects: int) -> dict[str, int]:
    """Return the names and labels of the first kinds of objects."""
    return dict(list(LABELS.items())[:objects])


def write_spec(folder: Path, data: Path, own: Subject, objects: int, execution: Mapping[str, Any]) -> Path:
    """Write a study of a model over the images of `data`, and return its path; its results go to `results` beside it."""
    spec = {
        "study": "speed",
        "output": str(folder / "results"),
        "datasets": [
            {
                "name": "Generated",
                "modality": "generated",
                "images": f"{data}/images/*.png",
                "masks": f"{data}/masks/{{name}}",
                "patient": "{stem}",
                "tasks": tasks(objects),
            }
        ],
        "models": [dict(own.model)],
        "prompts": [_block(own, kind) for kind in dict(own.experiments)],
        "seed": SEED,
        "execution": dict(execution),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(spec, sort_keys=False))
    return path


def _block(own: Subject, kind: str) -> dict[str, Any]:
    choices = [choice for other, choice in own.experiments if other == kind and choice != "single"]
    prompts = {"modes": list(MODES)} if kind == "modes" else {"clicks": {"protocol": "mazurowski2023", "max": CLICKS}}
    return prompts | ({"mask_choice": choices} if choices else {})
