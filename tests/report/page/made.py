"""Studies for pages, from few words: rows drawn at random, and the facts of their page."""

from __future__ import annotations

import json
import re

import numpy as np

from job.report.page.facts import Facts
from job.statistics.summarise import Summary
from job.study import loads
from tests.statistics.tables import boundary_rows, click_rows, iou_row, mart_tables, object_row

PLAIN = {"CT-Organ": ("Liver", "Lung"), "MRI-Heart": ("heart",)}
HOSTILE = {"<img src=x onerror=alert(1)>": ('"><b onclick="alert(2)">', "=1+1"), "'--><script>alert(3)": ("@sum",)}
ENDS = "</script><script>alert(4)</script>\x1b[31m\u202e"
"""What a file's name may hold, though not a spec."""
CLICKS = 4


def facts_of(marts, *, study="study", parts=(1, 1), manifests=()):
    """Return the facts of a page of these marts."""
    return Facts(
        study=study, confidence=0.95, output="somewhere", made="today", plan="plan", limit=None, precision="fp32",
        summary=Summary(marts=marts, parts_done=parts[0], parts_planned=parts[1]), manifests=manifests,
    )  # fmt: skip


def large(datasets=PLAIN, patients=6, models=("sam", "med", "ritm"), seed=3):
    """Return the marts of a study with everything that a page can show."""
    spec, rng = _spec(datasets, models), np.random.default_rng(seed)
    rows, objects = [], []
    for dataset, tasks in datasets.items():
        for task in tasks:
            for patient in range(patients):
                drawn = list(_rows(rng, dataset, task, f"{patient}.png", models))
                rows += drawn
                px = int(10 ** rng.uniform(0.5, 3.7))
                objects.append(object_row(drawn[0], object_px=px, components=1 + patient % 2, modality=dataset[:3]))
    last = [row for row in rows if row["prompt"] == "whole_box"]
    boundary = boundary_rows(last, [float(x) for x in rng.uniform(1, 9, len(last))])
    empty = {"dataset": next(iter(datasets)), "image": "a", "axis": "none", "slice": 0, "task": "Liver"}
    excluded = [empty | {"kind": "error", "reason": "unreadable", "detail": ENDS}]
    return mart_tables(rows, objects=objects, boundary=boundary, excluded=excluded, of=spec)


def small():
    """Return the marts of one object of one model under one mode."""
    return mart_tables([iou_row()])


def _spec(datasets, models):
    named = [
        {"name": name, "modality": "CT", "images": "x/*.png", "masks": "y", "patient": "{stem}",
         "tasks": dict(zip(tasks, range(1, 9), strict=False))}
        for name, tasks in datasets.items()
    ]  # fmt: skip
    return loads(json.dumps({
        "study": "s", "datasets": named,
        "models": [{"name": model, "family": "lite_medsam", "published": "sam_vit_h"} for model in models],
        "prompts": [{"modes": ["whole_box"]}],
        "statistics": {"compare": {"model": models[0], "baseline": models[-1]}, "noc": [0.6, 0.8]},
    })).study  # fmt: skip


def _rows(rng, dataset, task, image, models):
    for model in models:
        where = {"dataset": dataset, "image": image, "model": model}
        single = {"choice": "single"} if model == "ritm" else {}
        for choice in ("single",) if single else ("first", "oracle"):
            ious = np.sort(rng.uniform(0.2, 1, CLICKS)).round(6)
            yield from click_rows(ious, task=task, **where | {"choice": choice, "protocol": "mazurowski2023"})
            if model != "ritm":
                box = iou_row(task, float(rng.uniform(0.3, 1)), **where, choice=choice)
                yield box | {"predicted_iou": float(rng.uniform(0.3, 1))}


def embedded(html):
    """Return what stands in a page as JSON, by name of the figure or table."""
    texts = re.findall(r'<script type="application/json">(.*?)</script>', html, re.DOTALL)
    return {data["name"]: data for data in map(json.loads, texts) if isinstance(data, dict)}


def rows_of(data):
    """Return the rows of a figure or table by column."""
    names = [column["name"] for column in data["columns"]]
    return [dict(zip(names, row, strict=True)) for row in data["rows"]]
