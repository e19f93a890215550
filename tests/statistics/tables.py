"""Rows of the tables in few words, and the marts computed from them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

import duckdb
import pyarrow as pa

from job.results.tables import BOUNDARY, EXCLUDED, IOU, OBJECTS
from job.statistics.names import MARTS, MEANS
from job.statistics.settings import settings
from job.statistics.stats import read_sql, run
from job.study import loads

MILLION = 1_000_000
IMAGE_PX = 10_000
KEY = ("dataset", "image", "axis", "slice", "task", "model", "prompt", "protocol", "mask_choice", "step", "seed")


def iou_row(task="t", iou=0.5, *, dataset="A", image="a", model="m", choice="first", step=1, seed=0, **prompting):
    """Return a row of `iou`. Its pixel counts are millionths."""
    intersection = round(iou * MILLION)
    return {
        "dataset": dataset, "image": image, "axis": "none", "slice": 0, "task": task, "model": model,
        "prompt": "whole_box", "protocol": "one-shot", "mask_choice": choice, "step": step, "seed": seed, **prompting,
        "iou": intersection / MILLION, "dice": 2 * intersection / (MILLION + intersection),
        "intersection_px": intersection, "union_px": MILLION,
    }  # fmt: skip


def click_rows(ious, *, first_step=1, **others):
    """Return the rows of one trajectory under `ritm`. first_step: 0 if it begins with a box."""
    prompting = {"prompt": "clicks", "protocol": "ritm", "choice": "score"} | others
    return [iou_row(iou=iou, step=step, **prompting) for step, iou in enumerate(ious, start=first_step)]


def object_row(scored, patient=None, object_px=100, components=1, modality="CT"):
    """Return the row of `objects` for a row of `iou`. Unless stated, the image is its own patient."""
    key = {name: scored[name] for name in ("dataset", "image", "axis", "slice", "task")}
    return key | {
        "modality": modality, "patient": patient or scored["image"], "components": components, "object_px": object_px,
        "image_px": IMAGE_PX,
    }  # fmt: skip


def boundary_rows(rows, numbers, metric="HD95 mm", unit="mm", higher_is_better=False):
    """Return rows of `boundary` for rows of `iou`."""
    described = {"metric": metric, "unit": unit, "higher_is_better": higher_is_better}
    return [
        {name: row[name] for name in KEY} | described | {"value": value}
        for row, value in zip(rows, numbers, strict=True)
    ]


@cache
def study(datasets=("A",), models=(), compare=None, noc=(0.8, 0.9), patient='"{stem}"', seed=0, confidence=0.95):
    """Return a study. models: beside those of `compare`. patient: null if images are the clusters. seed: the draws'."""
    named = "".join(
        f"  - {{name: {name}, modality: CT, images: x/*.png, masks: y, patient: {patient}, tasks: {{t: 1}}}}\n"
        for name in datasets
    )
    models = dict.fromkeys([*models, *(compare or ())]) or {"m": None}
    text = (
        f"study: s\ndatasets:\n{named}models:\n"
        + "".join(f"  - {{name: {model}, family: lite_medsam}}\n" for model in models)
        + "prompts: [{modes: [whole_box]}]\n"
        + f"statistics:\n  seed: {seed}\n  confidence: {confidence}\n  noc: [{', '.join(map(str, noc))}]\n"
    )
    if compare:
        text += f"  compare: {{model: {compare[0]}, baseline: {compare[1]}}}\n"
    return loads(text).study


class Marts(Mapping):
    """Marts by name, as Arrow tables. Each is computed when it is looked at: most tests look at one or two of them."""

    def __init__(self, connection):
        self.connection, self.tables = connection, {}

    def __getitem__(self, name):
        if name not in MARTS:
            raise KeyError(name)
        if name not in self.tables:
            sql = read_sql(f"marts/{name}")
            for earlier in MARTS[: MARTS.index(name)]:
                if re.search(rf"\b{earlier}\b", sql):
                    self[earlier]
            self.connection.sql(sql).create(name)
            self.tables[name] = self.connection.table(name).to_arrow_table()
        return self.tables[name]

    def __iter__(self):
        return iter(MARTS)

    def __len__(self):
        return len(MARTS)


class Listed(Mapping):
    """The same as lists of dicts."""

    def __init__(self, tables):
        self.tables = tables

    def __getitem__(self, name):
        return self.tables[name].to_pylist()

    def __iter__(self):
        return iter(self.tables)

    def __len__(self):
        return len(self.tables)


def mart_tables(rows, *, objects=None, excluded=(), boundary=(), of=None, models=None):
    """Check `iou` rows and return their marts. objects: if not given, each image is a patient of its own."""
    if objects is None:
        objects = {(row["dataset"], row["image"], row["task"]): object_row(row) for row in rows}.values()
    of, connection = of or study(), duckdb.connect()
    connection.register("iou", pa.Table.from_pylist(list(rows), schema=IOU))
    connection.register("objects", pa.Table.from_pylist(list(objects), schema=OBJECTS))
    connection.register("boundary", pa.Table.from_pylist(list(boundary), schema=BOUNDARY))
    connection.register("excluded", pa.Table.from_pylist(list(excluded), schema=EXCLUDED))
    run(connection, settings(of, models or {}), of.statistics, means=MEANS, marts=())
    return Marts(connection)


def marts(rows, **others):
    """Compute the marts as lists of dicts."""
    return Listed(mart_tables(rows, **others))


def only(rows):
    """Return the only row of a mart."""
    (row,) = rows
    return row
