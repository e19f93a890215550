"""Random studies, small but with everything that a mart can meet, and their marts."""

from __future__ import annotations

import json
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from job.results.tables import BOUNDARY, EXCLUDED, IOU, OBJECTS
from job.statistics.stats import compute
from job.study import loads

OBJECT = ["dataset", "image", "axis", "slice", "task"]
RUN = ["model", "protocol", "mask_choice", "prompt", "seed"]
TASK = ["dataset", "task"]
IMAGE_PX = 10_000
LEVELS = (0.6, 0.75, 0.925)
DATASETS = """
  - {name: CT-Organ, modality: CT, images: x/*.nii.gz, masks: y, patient: "{stem}", tasks: {Liver: 1, Lung: 2}}
  - {name: US-Breast, modality: US, images: x/*.png, masks: y, tasks: {lesion: 1}}
  - {name: Heart-Few, modality: MRI, images: x/*.nii.gz, masks: y, tasks: {heart: 1}, published_as: MRI-Heart}
  - {name: Nerve-A, modality: US, images: x/*, masks: y, patient: "{stem}", tasks: {nerve: 1}, published_as: US-Nerve}
  - {name: Nerve-B, modality: US, images: x/*, masks: y, patient: "{stem}", tasks: {nerve: 1}, published_as: US-Nerve}
"""
CONTRASTS = {
    "box against clicks": (
        {"model": "sam", "prompt": "whole_box"},
        {"model": "ritm", "prompt": "clicks", "protocol": "ritm"},
    ),
    "oracle against first": ({"mask_choice": "oracle"}, {"mask_choice": "first"}),
    "last against first": ({"step": "last"}, {"step": "first"}),
}
CLUSTER = {
    "CT-Organ": "patient",
    "US-Breast": "image",
    "Heart-Few": "volume",
    "Nerve-A": "patient",
    "Nerve-B": "patient",
}
PUBLISHED = {"Heart-Few": "MRI-Heart", "Nerve-A": "US-Nerve", "Nerve-B": "US-Nerve"}
MODES, CLICKS = ("largest_point", "whole_box"), {"ritm": 4, "cvpr2025": 2, "mazurowski2023": 3}
FIRST_STEP = {"cvpr2025": 0}
"""Of protocols that begin with a box."""
CHOICES = {
    "sam": {"modes": ("first", "score", "oracle"), "ritm": ("score",), "cvpr2025": ("score", "oracle"),
            "mazurowski2023": ("first", "oracle")},
    "med": {"modes": ("first", "oracle"), "ritm": ("score",), "cvpr2025": ("score",), "mazurowski2023": ("first",)},
    "ritm": {"modes": ("single",), "ritm": ("single",), "cvpr2025": ("single",), "mazurowski2023": ("single",)},
}  # fmt: skip


@dataclass(frozen=True)
class Recomputed:
    """A study's rows, its objects, both as data frames, and its marts. `scores` are the rows beside their objects."""

    scores: pd.DataFrame
    objects: pd.DataFrame
    marts: dict[str, pd.DataFrame]
    models: tuple[str, ...]


def random_study(seed: int, models: tuple[str, ...]) -> Recomputed:
    """Return a random study of some models, in the order of the spec, and its marts."""
    rng = np.random.default_rng(seed)
    objects = random_objects(rng)
    return recomputed(random_scores(rng, objects, models), objects, models)


def random_scores(rng: np.random.Generator, objects: pd.DataFrame, models: tuple[str, ...]) -> pd.DataFrame:
    """Return scores of the objects by each model."""
    return pd.DataFrame([row for model in models for row in _rows(rng, objects, model)])


def recomputed(scores: pd.DataFrame, objects: pd.DataFrame, models: tuple[str, ...]) -> Recomputed:
    """Compute the marts of scores."""
    published = {"sam": "sam_vit_h", "ritm": "ritm_h32"}
    named = "".join(
        f"  - {{name: {name}, family: lite_medsam{f', published: {published[name]}' if name in published else ''}}}\n"
        for name in models
    )
    text = (
        f"study: s\ndatasets:{DATASETS}models:\n{named}prompts: [{{modes: [whole_box]}}]\nstatistics:\n"
        f"  compare: {{model: sam, baseline: ritm}}\n  margin: 0.05\n  test_at: [1, last, 2]\n  noc: {list(LEVELS)}\n"
        "  contrasts: "
        + json.dumps([{"name": name, "of": of, "minus": minus} for name, (of, minus) in CONTRASTS.items()])
    )
    tables = marts_of(text, scores, objects)
    return Recomputed(scores=scores.merge(objects, on=OBJECT), objects=objects, marts=tables, models=models)


def marts_of(spec: str, scores: pd.DataFrame, objects: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Compute the marts of scores under a spec."""
    with duckdb.connect() as connection:
        tables = {"iou": (scores, IOU), "objects": (objects, OBJECTS)}
        tables |= {"excluded": (pd.DataFrame(), EXCLUDED), "boundary": (pd.DataFrame(), BOUNDARY)}
        for name, (frame, schema) in tables.items():
            rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
            connection.register(name, pa.Table.from_pylist(rows, schema=schema))
        made = compute(connection, loads(spec).study, {})
    return {name: pd.DataFrame(table.to_pylist(), columns=table.schema.names) for name, table in made.items()}


def random_objects(rng: np.random.Generator) -> pd.DataFrame:
    """Return the objects: volumes and images, and patients of one to five of them."""
    rows = []
    for dataset, tasks, clusters, modality, axis in (
        ("CT-Organ", ("Liver", "Lung"), 8, "CT", "axial"),
        ("US-Breast", ("lesion",), 14, "US", "none"),
        ("Heart-Few", ("heart",), 3, "MRI", "axial"),
        ("Nerve-A", ("nerve",), 7, "US", "none"),
        ("Nerve-B", ("nerve",), 5, "US", "none"),
    ):
        for cluster in range(clusters):
            for image in range(int(rng.integers(1, 4)) if CLUSTER[dataset] == "patient" else 1):
                name = f"{dataset}/{cluster}-{image}"
                owner = f"p{cluster}" if CLUSTER[dataset] == "patient" else name
                for number in range(int(rng.integers(1, 4)) if axis == "axial" else 1):
                    for task in tasks:
                        if task == "Lung" and cluster % 4 == 0:
                            continue  # patients without one of the objects
                        rows.append({
                            "dataset": dataset, "image": name, "axis": axis, "slice": number, "task": task,
                            "modality": modality, "patient": owner, "volume": name if axis == "axial" else None,
                            "components": int(rng.integers(1, 4)), "image_px": IMAGE_PX,
                            "object_px": int(10 ** rng.uniform(0.3, 3.7)),
                        })  # fmt: skip
    return pd.DataFrame(rows)


def _rows(rng: np.random.Generator, objects: pd.DataFrame, model: str) -> list[dict]:
    """Return the scores of a model. The third lacks some objects. The second seed has boxes and one protocol alone."""
    rows, boxed = [], np.random.default_rng(hash_of(model))
    for seed in (0, 1) if model != "med" else (0,):
        modes = MODES[seed:]
        protocols = list(CLICKS.items())[2 * seed :]
        for obj in objects.to_dict("records"):
            if model == "med" and obj["patient"] in ("p1", "p6"):
                continue
            ease = 0.3 + 0.5 * (hash_of(obj["patient"]) % 7) / 7
            for prompt in modes:
                for choice in CHOICES[model]["modes"]:
                    rows.append(_row(rng, obj, model, prompt, "one-shot", choice, 1, seed, ease))
            for protocol, limit in protocols:
                drawn = rng if protocol != "cvpr2025" else boxed
                for choice in CHOICES[model][protocol]:
                    for step in range(FIRST_STEP.get(protocol, 1), limit + 1):
                        gain = (0.12 if model == "ritm" else 0.04) * step
                        rows.append(_row(drawn, obj, model, "clicks", protocol, choice, step, seed, ease + gain))
    return rows


def hash_of(name: str) -> int:
    """Return a number of a name, the same in every process."""
    return sum(ord(letter) * place for place, letter in enumerate(name, 1))


def _row(rng, obj, model, prompt, protocol, choice, step, seed, ease) -> dict:
    """Return a score: about `ease` of the object is found, with some excess; sometimes nothing is predicted."""
    object_px = obj["object_px"]
    predicted_px, intersection = 0, 0
    if rng.uniform() > 0.07:
        intersection = round(object_px * float(np.clip(rng.normal(ease, 0.25), 0, 1)))
        predicted_px = intersection + int(rng.integers(0, 1 + object_px // 3))
    union = object_px + predicted_px - intersection
    iou = intersection / union
    return {name: obj[name] for name in OBJECT} | {
        "model": model, "prompt": prompt, "protocol": protocol, "mask_choice": choice, "step": step, "seed": seed,
        "iou": iou, "dice": 2 * intersection / (union + intersection), "intersection_px": intersection,
        "union_px": union, "status": "ok",
        "predicted_iou": None if model == "ritm" else float(np.float32(iou + rng.normal(0.05, 0.2))),
    }  # fmt: skip
