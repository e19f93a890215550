"""Copy trained weights into the package: python -m training.ship --trained DIR.

DIR/clicks and DIR/ritm are the folders that the two scripts wrote. The weights, with their metadata, go to
job/models/weights, and their hashes into `weights.json` there. Curves and their picture go to docs/models, and the
facts into the model cards. Run benchmarks/demo_weights.py afterwards: it writes the results into the cards.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor

from job import storage
from job.errors import EXIT_MENDABLE, JobError
from job.models import demo_weights
from job.models.checkpoint import METADATA_KEY, read_metadata, read_weights
from job.models.known_weights import lite_medsam_checkpoint
from training.card import fill
from training.curves import draw_curves
from training.loop import CURVES, WEIGHTS, half
from training.objects import HELD_OUT_SEEDS, TRAIN_SEEDS

CARDS = Path("docs/models")
LARGEST_BYTES = 10_000_000
TRAINED = {"clicks": "lite_medsam_clicks", "ritm": "ritm_h18s_demo"}
"""Folder of a training -> name of its model."""


def ship(
    trained: Path, name: str, root: Path, folder: Path, share: float = 1.0, start: Path | None = None
) -> demo_weights.ShippedWeights:
    """Write one model's files below the project's root, the weights into `folder`; return what to declare.

    share: of the way from the weights `start` (LiteMedSAM's own, if None) to the trained ones; see `towards`.
    """
    source, target = trained / WEIGHTS, folder / f"{name}.safetensors"
    made = read_metadata(source)
    if share == 1:
        shutil.copyfile(source, target)
    else:
        made |= {"share": share, "share_from": "LiteMedSAM's own"}
        if start is not None:
            made["share_from"] = (
                f"those of sha256 {storage.sha256(start)[:12]}… after step {read_metadata(start)['steps']:,}"
            )
        tensors = towards(load_file(source), read_weights(start or lite_medsam_checkpoint()), share)
        save_file(tensors, target, metadata={METADATA_KEY: json.dumps(made, sort_keys=True)})
    target.chmod(0o644)  # safetensors makes it readable only by its owner
    curves = [row for row in read_curves(trained / CURVES) if int(row["step"]) <= made["steps"]]
    write_curves(root / CARDS / f"{name}_curves.csv", curves)
    draw_curves(curves).save(root / CARDS / f"{name}_curves.png", optimize=True)
    card = CARDS / f"{name}.md"
    shipped = demo_weights.ShippedWeights(
        file=target.name, sha256=storage.sha256(target), purpose=demo_weights.DEMO, card=card.as_posix()
    )
    fill(root / card, "facts", "training/ship.py", facts(shipped, target.stat().st_size, made))
    return shipped


def verify(trained: Path) -> None:
    """Raise JobError if a folder is not a complete training, or its weights are too large."""
    for name in (WEIGHTS, CURVES):
        if not (trained / name).is_file():
            raise JobError(
                f"{trained / name}: no such file; train first (make train-demo), or select one model with --only"
            )
    size = (trained / WEIGHTS).stat().st_size
    if size > LARGEST_BYTES:
        raise JobError(f"{trained / WEIGHTS}: expected at most {LARGEST_BYTES:,} bytes, got {size:,}")
    if not read_metadata(trained / WEIGHTS):
        raise JobError(f"{trained / WEIGHTS}: has no metadata on how it was made; use a file that training/ wrote")


def towards(trained: dict[str, Tensor], earlier: dict[str, Tensor], share: float) -> dict[str, Tensor]:
    """Return weights a share of the way from a model's earlier weights to the trained ones, in half precision.

    Such a mean keeps more of the model's earlier abilities than it loses of the new ones (Wortsman et al. 2022, "Robust
    fine-tuning of zero-shot models", weight-space ensembling).
    """
    return {name: half(earlier[name].float().lerp(value.float(), share)) for name, value in trained.items()}


def facts(shipped: demo_weights.ShippedWeights, size: int, made: Mapping[str, Any]) -> str:
    """Return the tables of a card: the facts of the file, and the sittings of its training."""
    lines = {
        "file": f"`job/models/weights/{shipped.file}`, {size / 1e6:.1f} MB, half precision",
        "sha256": f"`{shipped.sha256}`",
        "purpose": f"`{shipped.purpose}`",
        "training": f"{made['steps']:,} steps of {made['batch']}, in {made['minutes']:.0f} minutes",
        "images": f"generated, seed {TRAIN_SEEDS + made['seed']:,}; "
        f"for the curves, seed {HELD_OUT_SEEDS + made['seed']:,}",
    }
    if "share" in made:
        lines["weights"] = f"{made['share']:.0%} of the way from {made['share_from']} to those after the last"
    rows = [["", ""], ["---", "---"], *([name, text] for name, text in lines.items())]
    return f"{_table(rows)}\n\n{_table(sittings(made))}"


def sittings(made: Mapping[str, Any]) -> list[list[str]]:
    """Return a table of the settings during training, with a row for each step at which they changed."""
    head = ["from step", "planned in all", "highest rate", "on", "threads", "began with"]
    rows = [
        [
            f"{sitting['from_step']:,}",
            sitting["planned"],
            f"{sitting['rate']:g}",
            sitting["device"],
            str(sitting["threads"]),
            f"`{sitting['start'][:12]}…`" if sitting["start"] else "",
        ]
        for sitting in made["sittings"]
    ]
    return [head, ["---"] * len(head), *rows]


def _table(rows: list[list[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def read_curves(path: Path) -> list[dict[str, str]]:
    """Read the curves of a training, a dict for each row."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_curves(path: Path, rows: list[dict[str, str]]) -> None:
    """Write the curves of a training."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def declare(shipped: list[demo_weights.ShippedWeights], path: Path) -> None:
    """Declare weights in `weights.json`. A replaced hash is kept as retired, so that earlier results are recognised."""
    declared: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for weights in shipped:
        before = declared.get(weights.file, {"sha256": weights.sha256, "retired": []})
        retired = [hash_ for hash_ in [*before["retired"], before["sha256"]] if hash_ != weights.sha256]
        declared[weights.file] = {
            "sha256": weights.sha256,
            "purpose": weights.purpose,
            "card": weights.card,
            "retired": retired,
        }
    path.write_text(json.dumps(declared, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Ship both models, or one."""
    command = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("--trained", type=Path, required=True, help="the folder that contains `clicks` and `ritm`")
    command.add_argument("--only", choices=list(TRAINED), help="ship only this one")
    command.add_argument(
        "--share", type=float, default=1.0, help="of the way from earlier to trained weights of `clicks`, 0 to 1"
    )
    command.add_argument("--start", type=Path, help="the earlier weights; by default LiteMedSAM's own")
    arguments = command.parse_args()
    chosen = [arguments.only] if arguments.only else list(TRAINED)
    try:
        for folder in chosen:
            verify(arguments.trained / folder)
    except JobError as fault:
        print(fault, file=sys.stderr)
        sys.exit(EXIT_MENDABLE)
    shipped = []
    for folder in chosen:
        share = arguments.share if folder == "clicks" else 1.0
        source = arguments.trained / folder
        shipped.append(ship(source, TRAINED[folder], Path(), demo_weights.FOLDER, share, arguments.start))
        print(f"{shipped[-1].file}: sha256 {shipped[-1].sha256}")
    declare(shipped, demo_weights.DECLARED)


if __name__ == "__main__":
    main()
