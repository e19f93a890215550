"""Measure the demo weights on generated objects that they were not trained on, and on real slices beside LiteMedSAM.

    python benchmarks/demo_weights.py [--data ../shared/data] [--objects 510] [--cards docs/models]

Runs the studies demo_weights.yaml and demo_weights_real.yaml, and prints the tables of each model card as Markdown.
`--cards` also writes them into the cards. Without `--data`, the real slices are only those of MNI152. An interrupted
run is resumed with the same `--out`.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean
from typing import Any

import yaml
from pyarrow import parquet

from training.card import fill

HERE = Path(__file__).parent
JOB = [sys.executable, "-W", "ignore", "-m", "job"]
SAM, RITM, PLAIN = "lite_medsam_clicks", "ritm_h18s_demo", "lite_medsam"
CLICKS = (1, 3, 5, 9)
BOXES = ("largest_box", "each_box", "whole_box")
OBJECTS_AN_IMAGE = 2  # approximately
MOST_LOST = 0.03
"""The largest loss of IoU with boxes on a task, against LiteMedSAM, that counts as no loss."""
Row = dict[str, Any]
Means = dict[tuple[str, ...], float]


def generated_spec(objects: int) -> dict[str, Any]:
    """Return the study of generated images, with approximately this many objects."""
    spec = yaml.safe_load((HERE / "demo_weights.yaml").read_text())
    spec["datasets"][0]["generated"]["patients"] = max(1, objects // OBJECTS_AN_IMAGE)
    return spec


def real_spec(data: Path | None) -> dict[str, Any]:
    """Return the study of real slices. Without `data`, it has only the data sets that come with packages."""
    spec = yaml.safe_load((HERE / "demo_weights_real.yaml").read_text())
    if data is None:
        spec["datasets"] = [dataset for dataset in spec["datasets"] if not dataset["images"].startswith("${DATA}")]
    return spec


def run(spec: dict[str, Any], out: Path, data: Path | None) -> list[Row]:
    """Run a study and return its rows of `iou`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spec.yaml"
        path.write_text(yaml.safe_dump(spec, sort_keys=False))
        environment = os.environ | {"DATA": str((data or Path()).resolve())}
        command = [*JOB, path, "--output", out / spec["study"], "--only", "predict"]
        subprocess.run(command, check=True, env=environment)
    # `sql` reads only what the plan names. The folder itself may contain orphans, such as parts of earlier weights.
    query = [*JOB, "sql", out / spec["study"], "SELECT * FROM iou", "--format", "parquet"]
    table = subprocess.run(query, check=True, stdout=subprocess.PIPE).stdout
    return parquet.read_table(io.BytesIO(table)).to_pylist()


def means(rows: Iterable[Row], *keys: str) -> Means:
    """Return the mean IoU over objects, grouped by these columns."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(str(row[key]) for key in keys)].append(row["iou"])
    return {group: fmean(ious) for group, ious in groups.items()}


def markdown(head: Iterable[str], lines: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table."""
    names = list(head)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [names, ["---"] * len(names), *map(list, lines)])


def figure(value: float) -> str:
    """Return an IoU with three decimals."""
    return f"{value:.3f}"


def generated_clicks(rows: list[Row], model: str) -> str:
    """Return a table of IoU by number of clicks, with a row for each protocol and mask choice."""
    mine = [row for row in rows if row["model"] == model and row["prompt"] == "clicks"]
    ious = means(mine, "protocol", "mask_choice", "step")
    shown = [step for step in CLICKS if any(row["step"] == step for row in mine)]
    lines = [
        [protocol, choice, *(figure(ious[protocol, choice, str(step)]) for step in shown)]
        for protocol, choice in sorted({(row["protocol"], row["mask_choice"]) for row in mine})
    ]
    return markdown(["protocol", "mask choice", *map(clicks, shown)], lines)


def generated_boxes(rows: list[Row]) -> str:
    """Return a table of IoU with boxes, with a row for each mask choice."""
    ious = means((row for row in rows if row["prompt"] in BOXES), "mask_choice", "prompt")
    choices = sorted({choice for choice, _ in ious})
    lines = ([choice, *(figure(ious[choice, box]) for box in BOXES)] for choice in choices)
    return markdown(["mask choice", *BOXES], lines)


def real_clicks(rows: list[Row], model: str) -> str:
    """Return a table of IoU by task, mask choice and number of clicks; `grows`: whether the last is above the first."""
    mine = [row for row in rows if row["model"] == model and row["prompt"] == "clicks"]
    ious = means(mine, "dataset", "task", "mask_choice", "step")
    lines = []
    for dataset, task, choice in sorted({(row["dataset"], row["task"], row["mask_choice"]) for row in mine}):
        course = [ious[dataset, task, choice, str(step)] for step in CLICKS]
        objects = {(row["image"], row["slice"]) for row in mine if (row["dataset"], row["task"]) == (dataset, task)}
        grows = "yes" if course[-1] > course[0] else "no"
        lines.append([dataset, task, str(len(objects)), choice, *map(figure, course), grows])
    return markdown(["data set", "task", "objects", "mask choice", *map(clicks, CLICKS), "grows"], lines)


def real_boxes(rows: list[Row]) -> str:
    """Return a table of IoU with boxes by task: LiteMedSAM as published, and LiteMedSAM with clicks."""
    ious = means((row for row in rows if row["prompt"] in BOXES), "dataset", "task", "prompt", "model")
    lines = []
    for dataset, task, box in sorted({key[:3] for key in ious}):
        plain, ours = ious[dataset, task, box, PLAIN], ious[dataset, task, box, SAM]
        verdict = "yes" if plain - ours > MOST_LOST else "no"
        lines.append([dataset, task, box, figure(plain), figure(ours), f"{ours - plain:+.3f}", verdict])
    lost = f"worse by more than {MOST_LOST}"
    return markdown(["data set", "task", "box", "lite_medsam", "lite_medsam_clicks", "difference", lost], lines)


def clicks(number: int) -> str:
    """Return the heading of a column: `1 click`, `3 clicks`."""
    return f"{number} click" + ("s" if number > 1 else "")


def main() -> None:
    """Run both studies and print the tables; with `--cards`, write them into the cards too."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=510, help="number of generated objects, approximately")
    parser.add_argument("--data", type=Path, help="folder of the four data sets of real slices")
    parser.add_argument("--out", type=Path, help="folder in which to keep the results of the studies")
    parser.add_argument("--cards", type=Path, help="write the tables into the model cards of this folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out, began = arguments.out or Path(folder), time.monotonic()
        generated = run(generated_spec(arguments.objects), out, None)
        real = run(real_spec(arguments.data), out, arguments.data)
    objects = {(row["image"], row["task"]) for row in generated}
    head = f"{len(objects)} generated objects, mean IoU over objects"
    slices = "Real slices, mean IoU over objects"
    tables = {
        SAM: [
            (f"{head}; clicks", generated_clicks(generated, SAM)),
            (f"{head}; boxes", generated_boxes(generated)),
            (f"{slices}; clicks by mazurowski2023", real_clicks(real, SAM)),
            (f"{slices}; boxes, single mask", real_boxes(real)),
        ],
        RITM: [
            (f"{head}; clicks", generated_clicks(generated, RITM)),
            (f"{slices}; clicks by mazurowski2023", real_clicks(real, RITM)),
        ],
    }
    for model, titled in tables.items():
        text = "\n\n".join(f"{title}:\n\n{table}" for title, table in titled)
        print(f"## {model}\n\n{text}\n")
        if arguments.cards:
            fill(arguments.cards / f"{model}.md", "results", "benchmarks/demo_weights.py", text)
    print(f"{os.cpu_count()} cores, {time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
