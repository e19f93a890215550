"""The settings of the spec, and the published figures, as relations that the .sql files join."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from job.plan.file import PlannedModel
from job.statistics.contrasts import CONTRASTS, contrasts
from job.statistics.reference import published
from job.study.facts import Facts, seen, stated
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
        ("datasets_seen", pa.string()),
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
    facts = {model.name: stated(model, models[model.name].known) for model in study.models if model.name in models}
    facts |= {model.name: stated(model, Facts()) for model in study.models if model.name not in models}
    datasets_seen = {name: list(seen(of_model, study.datasets)) for name, of_model in facts.items()}
    study_models = [
        {
            "model": model.name,
            "family": model.family,
            **_weights(models.get(model.name)),
            **_told(facts[model.name], datasets_seen[model.name]),
        }
        for model in study.models
    ]
    seen_datasets = [{"model": name, "dataset": dataset} for name, names in datasets_seen.items() for dataset in names]
    published_models = [
        {"model": model.name, "published": model.published} for model in study.models if model.published
    ]
    published_datasets = [
        {"dataset": dataset.name, "published_dataset": dataset.published_as or dataset.name}
        for dataset in study.datasets
    ]
    return {
        "study_models": pa.Table.from_pylist(study_models, schema=STUDY_MODELS),
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


def _weights(planned: PlannedModel | None) -> dict[str, Any]:
    return {"sha256": planned.sha256, "purpose": planned.purpose} if planned else {}


def _told(facts: Facts, datasets_seen: Sequence[str]) -> dict[str, Any]:
    """Return what is known of weights, with several names as one text."""
    names = {"trained_on": facts.trained_on, "datasets_seen": datasets_seen}
    return asdict(facts) | {column: ", ".join(each) or None for column, each in names.items()}


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
