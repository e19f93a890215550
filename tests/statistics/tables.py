"""Rows in few words, and the marts that they give."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from job.results.tables import EXCLUDED, IOU, OBJECTS
from job.statistics.stats import compute
from job.study import loads

MILLION = 1_000_000


def row(task="t", iou=0.5, *, dataset="A", image="a", model="m", choice="first", step=1, **prompting):
    """Make an `iou` row; pixel counts are millionths."""
    intersection = round(iou * MILLION)
    return {
        "dataset": dataset, "image": image, "axis": "none", "slice": 0, "task": task, "model": model,
        "prompt": "whole_box", "protocol": "one-shot", "mask_choice": choice, "step": step, "seed": 0, **prompting,
        "iou": intersection / MILLION, "dice": 2 * intersection / (MILLION + intersection),
        "intersection_px": intersection, "union_px": MILLION,
    }  # fmt: skip


def click_rows(ious, **others):
    """Make the rows of one trajectory under `ritm`."""
    given = {"prompt": "clicks", "protocol": "ritm", "choice": "score"} | others
    return [row(iou=iou, step=step, **given) for step, iou in enumerate(ious, start=1)]


def obj(one, patient=None, object_px=100, components=1, modality="CT"):
    """Make the `objects` row of an `iou` row."""
    key = {name: one[name] for name in ("dataset", "image", "axis", "slice", "task")}
    image_px = 10_000
    return key | {
        "modality": modality, "patient": patient or one["image"], "components": components, "object_px": object_px,
        "image_px": image_px,
    }  # fmt: skip


def study(datasets=("A",), compare=None, noc=(0.8, 0.9), patient='"{stem}"', seed=0):
    """Make a study with the statistics that are asked for."""
    named = "".join(
        f"  - {{name: {name}, modality: CT, images: x/*.png, masks: y, patient: {patient}, tasks: {{t: 1}}}}\n"
        for name in datasets
    )
    models = dict.fromkeys(compare or ()) or {"m": None}
    text = (
        f"study: s\ndatasets:\n{named}models:\n"
        + "".join(f"  - {{name: {model}, family: lite_medsam}}\n" for model in models)
        + f"prompts: [{{modes: [whole_box]}}]\nstatistics:\n  seed: {seed}\n  noc: [{', '.join(map(str, noc))}]\n"
    )
    if compare:
        text += f"  compare: {{model: {compare[0]}, baseline: {compare[1]}}}\n"
    return loads(text).study


def marts(rows, *, objects=None, excluded=(), of=None, models=None):
    """Compute the marts; `objects` unstated: one a row, each image its own patient. Tables as lists of dicts."""
    if objects is None:
        objects = {(one["dataset"], one["image"], one["task"]): obj(one) for one in rows}.values()
    with duckdb.connect() as connection:
        connection.register("iou", pa.Table.from_pylist(list(rows), schema=IOU))
        connection.register("objects", pa.Table.from_pylist(list(objects), schema=OBJECTS))
        connection.register("excluded", pa.Table.from_pylist(list(excluded), schema=EXCLUDED))
        return {name: table.to_pylist() for name, table in compute(connection, of or study(), models or {}).items()}
