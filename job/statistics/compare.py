"""Two outputs compared: paired differences by task, from the rows of both, as contrasts within one study are."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pyarrow as pa

from job import storage
from job.errors import JobError, OutputError
from job.plan.demo import demo_remark
from job.plan.file import Plan
from job.plan.seen import seen_remark
from job.results import summary as summary_files
from job.results.store import Results
from job.statistics.contrasts import between
from job.statistics.counterparts import Counterparts, counterparts
from job.statistics.database import opened_tables
from job.statistics.settings import SEEN_DATASETS, from_note
from job.statistics.stats import read_sql, run
from job.study.statistics import Statistics

TABLES = ("objects", "iou", "boundary")
MEANS = ("stopped_rows", "means_over_tasks", "sides")
MARTS = ("comparison_overall", "object_differences")


@dataclass(frozen=True, kw_only=True)
class Side:
    """One output, and the name by which it is told from the other."""

    alias: str
    results: Results
    plan: Plan

    def model(self, name: str) -> str:
        """Return the name of a model in the comparison."""
        return f"{self.alias}/{name}"

    def of_models(self, names: Collection[str]) -> Plan:
        """Return the plan with the parts of some models alone, which have their names in the comparison."""
        parts = (replace(part, model=self.model(part.model)) for part in self.plan.parts if part.model in names)
        return replace(self.plan, parts=tuple(parts))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What changed from `before` to `after`. Models have the alias of their output in front of their name.

    by_task: the relation changes_by_task. overall: comparison_overall. objects: how many are paired. left_out: objects
    that are not, by reason. missing: object_differences. unpaired_runs: runs without a counterpart. equal_parts: parts
    that both plans name, of `parts` of the second, so that their rows are the same. missing_parts: of what each output
    lacks, by alias. known: rows of the mart `models`, as `seen_remark` takes them.
    """

    before: Side
    after: Side
    models: Counterparts
    statistics: Statistics
    by_task: pa.Table
    overall: pa.Table
    objects: int
    left_out: pa.Table
    missing: pa.Table
    unpaired_runs: pa.Table
    parts: int
    equal_parts: int
    missing_parts: Mapping[str, int]
    known: Sequence[Mapping[str, Any]]

    @property
    def remarks(self) -> list[str]:
        """The remarks that must accompany the scores: on demo weights, and on weights that have seen the data."""
        sides = (self.before, self.models.pairs.keys()), (self.after, self.models.pairs.values())
        purposes = {side.model(name): side.plan.purposes[name] for side, names in sides for name in names}
        return [remark for remark in (demo_remark(purposes), seen_remark(self.known)) if remark]


def compare(before: Side, after: Side, named: Sequence[tuple[str, str]]) -> Comparison:
    """Compare two outputs on the objects that both have with the same truth.

    named: models of `before` and of `after` that are compared although their names differ. The settings of the
    statistics are those of the summary of `before`. Raise JobError if nothing can be compared, with the way out.
    """
    statistics, relations = _settings(before)
    models = counterparts(list(before.plan.models), list(after.plan.models), named)
    if not models.pairs:
        raise JobError(f"no model of {before.alias} has its name in {after.alias}: {way_out(models)}")
    plans = {"before_": before.of_models(models.pairs), "after_": after.of_models(set(models.pairs.values()))}
    sides = ((before, set(models.pairs)), (after, set(models.pairs.values())))
    seen = [row for side, names in sides for row in _noted(side, "seen_datasets", names)]
    contrasts = between((after.model(theirs), before.model(ours)) for ours, theirs in models.pairs.items())
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(config={"temp_directory": folder}) as connection,
        opened_tables(connection, before.results, plans["before_"], TABLES, prefix="before_"),
        opened_tables(connection, after.results, plans["after_"], TABLES, prefix="after_"),
    ):
        objects = _pair(connection, before, after)
        relations |= {"contrasts": contrasts, "seen_datasets": pa.Table.from_pylist(seen, schema=SEEN_DATASETS)}
        marts = run(connection, relations, statistics, means=MEANS, marts=MARTS)
        if not marts["comparison_overall"].num_rows:
            raise JobError(_without_rows(before, after))
        parts = [{part.name for part in plan.parts} for plan in plans.values()]
        return Comparison(
            before=before,
            after=after,
            models=models,
            statistics=statistics,
            by_task=_read(connection, "changes_by_task"),
            overall=marts["comparison_overall"],
            objects=objects,
            left_out=_read(connection, "left_out"),
            missing=marts["object_differences"],
            unpaired_runs=_read(connection, "unpaired_runs"),
            parts=len(parts[1]),
            equal_parts=len(parts[0] & parts[1]),
            known=[row for side, names in sides for row in _noted(side, "study_models", names)],
            missing_parts={side.alias: count for side in (before, after) if (count := _missing_parts(side))},
        )


def way_out(models: Counterparts) -> str:
    """Return how the models without a counterpart can be compared."""
    example = f"--model {models.before[0]}={models.after[0]}"
    return f"{', '.join(models.before)} has none of {', '.join(models.after)}; name its counterpart, such as {example}"


def _settings(side: Side) -> tuple[Statistics, dict[str, pa.Table]]:
    """Return the settings with which the summary of an output was made, and their relations."""
    note = summary_files.settings(side.results.output, side.plan.spec)
    try:
        return from_note(note or {})
    except ValueError:
        shown = storage.public(side.results.output)
        raise OutputError(
            f"{shown}: holds no summary that states its settings and patients; run `medsam-job SPEC --only "
            "statistics`, which stores one"
        ) from None


def _noted(side: Side, relation: str, names: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of some models in a relation of an output's settings, with the models' names in the comparison."""
    note = summary_files.settings(side.results.output, side.plan.spec) or {}
    for row in note.get("relations", {}).get(relation, ()):
        if row["model"] in names:
            yield row | {"model": side.model(row["model"])}


def _missing_parts(side: Side) -> int:
    done = side.results.done()
    return sum(part.name not in done for part in side.plan.parts)


def _pair(connection: duckdb.DuckDBPyConnection, before: Side, after: Side) -> int:
    """Make the relations iou, objects and boundary of the paired objects; return their number."""
    _relation(connection, "pairing").create("pairing")
    for name in TABLES:
        _relation(connection, name).create_view(name)
    paired = connection.table("pairing").filter("state = 'paired'").shape[0]
    if not paired:
        reasons = "; ".join(
            f"{row['dataset']}: {row['task']}, {row['objects']} {row['state']}"
            for row in _read(connection, "left_out").to_pylist()
        )
        raise JobError(f"{before.alias} and {after.alias} have no object in common ({reasons or 'neither has any'})")
    return paired


def _without_rows(before: Side, after: Side) -> str:
    return (
        f"{before.alias} and {after.alias} have no scores in common: expected a prompt, protocol, mask choice and seed "
        "that both have, on an object of both"
    )


def _read(connection: duckdb.DuckDBPyConnection, name: str) -> pa.Table:
    return _relation(connection, name).to_arrow_table()


def _relation(connection: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
    return connection.sql(read_sql(f"compared/{name}"))
