"""Put what was trained into the package: python -m training.ship --trained DIR.

DIR/clicks and DIR/ritm are what the two scripts wrote there. Each model's weights go to job/models/weights, with a note
of how they were made; `weights.json` there gets their hashes; curves and their picture go to docs/models, and the facts
into the model cards. The figures of the cards come from benchmarks/demo_weights.py afterwards.
"""

from __future__ import annotations

import argparse
import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from job import storage
from job.models import device, registry, weights
from job.models.checkpoint import MADE, read_weights
from job.models.lite_medsam_clicks import ENCODER_SHA256
from training.card import fill
from training.curves import draw_curves
from training.loop import CHECKPOINT, half
from training.objects import HELD_OUT_SEEDS, TRAIN_SEEDS

CARDS = Path("docs/models")
LARGEST_BYTES = 10_000_000
TRAINED = {"clicks": "lite_medsam_clicks", "ritm": "ritm_h18s_demo"}
"""Folder of a training -> name of its model."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """How weights were made; stored in their file."""

    steps: int
    minutes: float
    seed: int
    device: str
    share: float = 1.0
    """Of the way from LiteMedSAM's own weights to the trained ones; see `towards`. 1 for what began from scratch."""


def ship(trained: Path, name: str, made: Made, root: Path, folder: Path) -> weights.Shipped:
    """Write one model's files below the project's root, the weights into `folder`; ValueError if they are too large."""
    source, target = trained / "weights.safetensors", folder / f"{name}.safetensors"
    if source.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"{source}: expected at most {LARGEST_BYTES:,} bytes, got {source.stat().st_size:,}")
    note: dict[str, Any] = asdict(made)
    tensors = load_file(source)
    if name == TRAINED["clicks"]:
        packaged = registry.packaged_checkpoint()
        note[ENCODER_SHA256] = storage.sha256(packaged)
        tensors = towards(tensors, read_weights(packaged), made.share)
    save_file(tensors, target, metadata={MADE: json.dumps(note, sort_keys=True)})
    target.chmod(0o644)  # safetensors keeps it to its owner
    curves = [row for row in read_curves(trained / "curves.csv") if int(row["step"]) <= made.steps]
    write_curves(root / CARDS / f"{name}_curves.csv", curves)
    draw_curves(curves).save(root / CARDS / f"{name}_curves.png", optimize=True)
    card = CARDS / f"{name}.md"
    shipped = weights.Shipped(
        file=target.name, sha256=storage.sha256(target), purpose=weights.DEMO, card=card.as_posix()
    )
    fill(root / card, "facts", "training/ship.py", facts(shipped, target.stat().st_size, made))
    return shipped


def towards(trained: dict[str, Tensor], own: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Go a share of the way from a model's own weights to what training made of them, in half precision.

    Short of the end, what the model could before is kept better than what it learnt is lost (Wortsman et al. 2022,
    "Robust fine-tuning of zero-shot models", weight-space ensembling).
    """
    return {name: half(own[name].float().lerp(value.float(), share)) for name, value in trained.items()}


def facts(shipped: weights.Shipped, size: int, made: Made) -> str:
    """Write a card's table of facts."""
    lines = {
        "file": f"`job/models/weights/{shipped.file}`, {size / 1e6:.1f} MB, half precision",
        "sha256": f"`{shipped.sha256}`",
        "purpose": f"`{shipped.purpose}`",
        "training": f"{made.steps:,} steps in {made.minutes:.0f} minutes on {made.device}",
        "images": f"generated, seed {TRAIN_SEEDS + made.seed:,}; for the curves, seed {HELD_OUT_SEEDS + made.seed:,}",
    }
    if made.share < 1:
        lines["weights"] = f"{made.share:.0%} of the way from LiteMedSAM's own to the trained ones"
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {text} |" for name, text in lines.items())])


def read_made(trained: Path, seed: int, where: str, share: float) -> Made:
    """Read from a training's last checkpoint how long it ran."""
    state = torch.load(trained / CHECKPOINT, map_location="cpu", weights_only=True)
    return Made(steps=state["step"], minutes=round(state["seconds"] / 60, 1), seed=seed, device=where, share=share)


def read_curves(path: Path) -> list[dict[str, str]]:
    """Read a training's curves, a dict a row."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_curves(path: Path, rows: list[dict[str, str]]) -> None:
    """Write them."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def declare(shipped: list[weights.Shipped], path: Path) -> None:
    """Write `weights.json`."""
    told = {one.file: {"sha256": one.sha256, "purpose": one.purpose, "card": one.card} for one in shipped}
    path.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Ship both."""
    command = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--trained", type=Path, required=True, help="the folder with `clicks` and `ritm`")
    command.add_argument("--seed", type=int, default=1, help="that they were trained with")
    here = str(device.describe(torch.device("cpu"))["device_name"])
    command.add_argument("--device", default=here, help="that they were trained on; unstated: this machine's processor")
    command.add_argument(
        "--share", type=float, default=1.0, help="of the way from LiteMedSAM's own weights to the trained ones, 0 to 1"
    )
    arguments = command.parse_args()
    shipped = []
    for folder, name in TRAINED.items():
        share = arguments.share if folder == "clicks" else 1.0
        made = read_made(arguments.trained / folder, arguments.seed, arguments.device, share)
        shipped.append(ship(arguments.trained / folder, name, made, Path(), weights.FOLDER))
        print(f"{shipped[-1].file}: step {made.steps}, sha256 {shipped[-1].sha256}")
    declare(shipped, weights.DECLARED)


if __name__ == "__main__":
    main()
