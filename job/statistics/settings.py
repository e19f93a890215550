"""The settings of the spec, and the published figures, as relations that the .sql files join."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from job.plan.file import PlannedModel
from job.statistics.contrasts import CONTRASTS, contrasts
from job.statistics.reference import published
from job.study.facts import Facts, seen, stated
from job.study.model import ModelSpec
from job.study.statistics import Statistics
from job.study.study import Study

STUDY_DATASETS = pa.schema([("dataset", pa.string()), ("cohort", pa.string()), ("has_patients", pa.bool_())])
TEST_AT = pa.schema([("step", pa.string())])
LEVELS = pa.schema([("level", pa.float64())])
STUDY_MODELS = pa.schema(
    [
        ("model", pa.string()),
        ("family", pa.string()),
        ("sha256", pa.string()),
        ("purpose", pa.string()),
        ("trained_on", pa.string()),
        ("zero_shot", pa.bool_()),
        ("licence", pa.string()),
        ("citation", pa.string()),
    ]
)
SEEN_DATASETS = pa.schema([("model", pa.string()), ("dataset", pa.string())])
PUBLISHED_DATASETS = pa.schema([("dataset", pa.string()), ("published_dataset", pa.string())])
PUBLISHED_MODELS = pa.schema([("model", pa.string()), ("published", pa.string())])
NOTED = {
    "study_models": STUDY_MODELS,
    "seen_datasets": SEEN_DATASETS,
    "published_datasets": PUBLISHED_DATASETS,
    "published_models": PUBLISHED_MODELS,
    "study_datasets": STUDY_DATASETS,
    "contrasts": CONTRASTS,
}
"""The relations that only the spec can state; the others follow from its `statistics`."""


def settings(study: Study, models: Mapping[str, PlannedModel]) -> dict[str, pa.Table]:
    """Return the settings of the spec as relations: models, cohorts, contrasts, NoC levels, published columns."""
    facts = {
        model.name: stated(model, models[model.name].facts if model.name in models else Facts())
        for model in study.models
    }
    seen_datasets = [
        {"model": name, "dataset": dataset} for name in facts for dataset in seen(facts[name], study.datasets)
    ]
    published_models = [
        {"model": model.name, "published": model.published} for model in study.models if model.published
    ]
    published_datasets = [
        {"dataset": dataset.name, "published_dataset": dataset.published_as or dataset.name}
        for dataset in study.datasets
    ]
    return {
        "study_models": pa.Table.from_pylist(
            [_model(model, models.get(model.name), facts[model.name]) for model in study.models], schema=STUDY_MODELS
        ),
        "seen_datasets": pa.Table.from_pylist(seen_datasets, schema=SEEN_DATASETS),
        "published": published(),
        "published_datasets": pa.Table.from_pylist(published_datasets, schema=PUBLISHED_DATASETS),
        "published_models": pa.Table.from_pylist(published_models, schema=PUBLISHED_MODELS),
        "study_datasets": _study_datasets(study),
        "contrasts": contrasts(study),
        **_of_statistics(study.statistics),
    }


def to_note(study: Study, models: Mapping[str, PlannedModel]) -> dict[str, Any]:
    """Return what the statistics depend on beside the rows, as JSON values, and what the page needs of the spec.

    images: whether the page may show images.
    """
    relations = {name: table.to_pylist() for name, table in settings(study, models).items() if name in NOTED}
    return {
        "study": study.study,
        "statistics": study.statistics.model_dump(mode="json"),
        "relations": relations,
        "images": study.report.images,
    }


def from_note(note: Mapping[str, Any]) -> tuple[Statistics, dict[str, pa.Table]]:
    """Return the settings that `to_note` made, and their relations. Raise ValueError if they are of another version."""
    statistics = Statistics.model_validate_json(json.dumps(note.get("statistics")))
    try:
        noted = {name: pa.Table.from_pylist(note["relations"][name], schema=schema) for name, schema in NOTED.items()}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("no relations") from error
    return statistics, {"published": published(), **noted, **_of_statistics(statistics)}


def _model(model: ModelSpec, planned: PlannedModel | None, facts: Facts) -> dict[str, Any]:
    weights = {"sha256": planned.sha256, "purpose": planned.purpose} if planned else {}
    named = asdict(facts) | {"trained_on": "; ".join(facts.trained_on) or None}
    return {"model": model.name, "family": model.family, **weights, **named}


def _study_datasets(study: Study) -> pa.Table:
    rows = [
        {"dataset": dataset.name, "cohort": dataset.cohort, "has_patients": dataset.has_patients}
        for dataset in study.datasets
    ]
    return pa.Table.from_pylist(rows, schema=STUDY_DATASETS)


def _of_statistics(statistics: Statistics) -> dict[str, pa.Table]:
    return {
        "test_at": pa.Table.from_pylist([{"step": str(step)} for step in statistics.test_at], schema=TEST_AT),
        "levels": pa.Table.from_pylist([{"level": level} for level in statistics.noc], schema=LEVELS),
    }
