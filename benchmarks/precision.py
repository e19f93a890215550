"""What a lower precision costs: a study in float32 and in a lower precision, on the same device and episodes.

    python -m benchmarks.precision SPEC [--precision bf16 fp16] [--device cuda] [--limit N] [--record FILE]

SPEC is any study; its models, data and prompts are compared. Prints, in Markdown, by model, task and prompt: the mean
and the largest |ΔIoU|, the clicks that differ, and how NoC changes at the study's levels. `--record` adds a record for
the weights of each model to a JSON file, which a spec names as `execution.precision_records`: `precision: auto` then
takes the lower precision where the mean |ΔIoU| of each model is below 0.002.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import yaml

from benchmarks.markdown import heading, row
from benchmarks.speed import print_facts
from job.cli.opening import read_spec
from job.models.device import describe, resolve_device
from job.models.precision import Precision
from job.models.precision_records import LOWER, MOST_MEAN_CHANGE, PrecisionRecord, parse, to_json
from job.plan import file as plan_file
from job.study import LoadedSpec

LEAST_EPISODES = 100
"""Fewer are too few for a record."""
KEY = ("dataset", "image", "axis", "slice", "task", "model", "prompt", "protocol", "mask_choice", "seed")
CLICK = ("point_x", "point_y", "point_positive")

Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Episode:
    """The rows of one object, model, prompt and mask choice, by step, in both precisions."""

    fp32: list[Row]
    lower: list[Row]

    @property
    def group(self) -> tuple[str, ...]:
        """What the table has a row for: model, data set, task, prompt and mask choice."""
        first = self.fp32[0]
        return tuple(first[name] for name in ("model", "dataset", "task", "prompt", "mask_choice"))

    @property
    def changes(self) -> list[float]:
        """The |ΔIoU| of each step."""
        return [abs(a["iou"] - b["iou"]) for a, b in zip(self.fp32, self.lower, strict=True)]

    @property
    def changed_clicks(self) -> int:
        """The number of clicks that differ."""
        return sum(_click(a) != _click(b) for a, b in zip(self.fp32, self.lower, strict=True))

    def noc(self, level: float) -> tuple[int, int]:
        """Return the clicks until IoU reaches a level, all clicks if it never does, in both precisions."""
        first, second = (_noc(rows, level) for rows in (self.fp32, self.lower))
        return first, second


def main() -> None:
    """Run the study in each precision, print the tables, and write the records."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spec")
    parser.add_argument("--precision", nargs="+", default=["bf16"], choices=LOWER)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--limit", type=int, help="raw slices of each data set")
    parser.add_argument("--out", type=Path, help="folder in which to keep the results, and to go on from")
    parser.add_argument("--record", type=Path, help="JSON file to which records are added")
    arguments = parser.parse_args()
    spec, device = read_spec(arguments.spec), resolve_device(arguments.device)
    print_facts(device.type)
    with tempfile.TemporaryDirectory() as folder:
        out = arguments.out or Path(folder)
        fp32 = run(spec, "fp32", arguments, out)
        models = plan_file.read_all(str(out / "fp32"))[-1].models
        weights = {name: model.sha256 for name, model in models.items() if model.sha256}
        for precision in arguments.precision:
            episodes = list(paired(fp32, run(spec, precision, arguments, out)))
            print(f"\n## {precision} against fp32: {spec.study.study}, {len(episodes)} episodes\n")
            table(episodes, spec.study.statistics.noc)
            found = list(records(episodes, weights, precision, spec.study.study, device))
            if arguments.record:
                add(arguments.record, found)


def run(spec: LoadedSpec, precision: str, arguments: argparse.Namespace, out: Path) -> list[Row]:
    """Run a study in a precision, or finish it, and return its rows of `iou`."""
    raw = spec.source.data | {"execution": spec.source.data.get("execution", {}) | {"precision": precision}}
    raw["execution"]["device"] = arguments.device
    out.mkdir(parents=True, exist_ok=True)
    path = out / f"{precision}.yaml"
    path.write_text(yaml.safe_dump(raw, sort_keys=False))
    limit = [] if arguments.limit is None else ["--limit", str(arguments.limit)]
    command = [sys.executable, "-W", "ignore", "-m", "job", str(path), "--only", "predict", *limit]
    subprocess.run([*command, "--output", str(out / precision)], check=True, stdout=sys.stderr)
    return list(pq.read_table(out / precision / "iou").to_pylist())


def paired(fp32: Sequence[Row], lower: Sequence[Row]) -> Iterator[Episode]:
    """Yield the episodes that both runs have; ValueError if their rows differ in more than the values."""
    first, second = _by_episode(fp32), _by_episode(lower)
    if first.keys() != second.keys():
        raise ValueError(f"expected the same episodes; {len(first.keys() ^ second.keys())} are in one run alone")
    for key, rows in first.items():
        yield Episode(fp32=rows, lower=second[key])


def table(episodes: Sequence[Episode], levels: Sequence[float]) -> None:
    """Print a row for each model, task, prompt and mask choice."""
    noc = [f"NoC{level * 100:.0f}: changed, mean before, after" for level in levels]
    heading("model", "task", "prompt", "mask choice", "episodes", "mean", "largest", "clicks that differ", *noc)
    for group in sorted({episode.group for episode in episodes}):
        own = [episode for episode in episodes if episode.group == group]
        model, dataset, task, prompt, choice = group
        changes = np.concatenate([episode.changes for episode in own])
        steps, differing = len(changes), sum(episode.changed_clicks for episode in own)
        clicks = f"{differing} of {steps}" if prompt == "clicks" else ""
        cells = [f"{changes.mean():.4f}", f"{changes.max():.4f}", clicks]
        row(model, f"{dataset}: {task}", prompt, choice, len(own), *cells, *_noc_cells(own, prompt, levels))


def _noc_cells(episodes: Sequence[Episode], prompt: str, levels: Sequence[float]) -> list[str]:
    if prompt != "clicks":
        return ["" for _ in levels]
    pairs = [np.array([episode.noc(level) for episode in episodes]) for level in levels]
    return [f"{np.sum(own[:, 0] != own[:, 1])}, {own[:, 0].mean():.2f}, {own[:, 1].mean():.2f}" for own in pairs]


def records(
    episodes: Sequence[Episode], weights: dict[str, str], precision: Precision, data: str, device: Any
) -> Iterator[PrecisionRecord]:
    """Yield the record of each model's weights, and print what it allows."""
    made = {"date": f"{date.today()}", "torch": metadata.version("torch"), "name": describe(device)["device_name"]}
    print()
    for model in sorted(weights):
        own = [episode for episode in episodes if episode.group[0] == model]
        changes = np.concatenate([episode.changes for episode in own])
        mean, largest = round(float(changes.mean()), 6), round(float(changes.max()), 6)
        few = len(own) < LEAST_EPISODES
        allows = f"`auto` {'may be' if mean < MOST_MEAN_CHANGE else 'is not'} {precision}"
        verdict = f"no record, for which {LEAST_EPISODES} episodes are needed" if few else allows
        print(f"- {model}: mean |ΔIoU| {mean:.5f}, largest {largest:.4f}, {len(own)} episodes: {verdict}")
        if few:
            continue
        yield PrecisionRecord(
            weights=weights[model],
            precision=precision,
            device=device.type,
            data=data,
            episodes=len(own),
            mean=mean,
            largest=largest,
            made=made,
        )


def add(path: Path, found: Sequence[PrecisionRecord]) -> None:
    """Add records to a file; one of the same weights, precision, device and data is replaced."""
    before = parse(path.read_bytes(), str(path)) if path.is_file() else ()
    new = {_subject(record): record for record in (*before, *found)}
    path.write_text(to_json(new.values()))


def _subject(record: PrecisionRecord) -> tuple[str, ...]:
    return record.weights, record.precision, record.device, record.data


def _by_episode(rows: Sequence[Row]) -> dict[tuple[Any, ...], list[Row]]:
    episodes: dict[tuple[Any, ...], list[Row]] = {}
    for one in sorted(rows, key=lambda row: row["step"]):
        episodes.setdefault(tuple(one[name] for name in KEY), []).append(one)
    return episodes


def _click(one: Row) -> tuple[Any, ...]:
    return tuple(one[name] for name in CLICK)


def _noc(rows: Sequence[Row], level: float) -> int:
    return next((one["step"] for one in rows if one["iou"] >= level), len(rows))


if __name__ == "__main__":
    main()
