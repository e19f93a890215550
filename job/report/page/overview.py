"""What was run: data, models, machines, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from markupsafe import Markup

from job.report import contrasts
from job.report.page import labels
from job.report.page.build import HEADS, listing
from job.report.page.crossing import leads
from job.report.page.facts import Facts
from job.report.page.parts import empty, paragraphs, table
from job.report.page.section import Section, Table
from job.study.prompts import CLICKS

MANY_WORKERS = 20


def section(facts: Facts) -> Section:
    """Return the section."""
    parts = [
        paragraphs(_notes(facts), "note"),
        paragraphs(headlines(facts), "headline"),
        _settings(facts),
        _data(facts),
        _models(facts),
        _machines(facts),
        _ledger(facts),
    ]
    return Section(title="What was run", id="run", html=Markup().join([*parts, _spec(facts)]))


def headlines(facts: Facts) -> list[str]:
    """Return a sentence for each of the spec's contrasts, at its last click or mode; else for each run's mean."""
    asked = contrasts.asked_for(facts.mart("comparison_overall"))
    return contrasts.findings(asked, facts.confidence) + leads(facts) or _means(facts)


def _means(facts: Facts) -> list[str]:
    """Return the mean IoU of each run at its last click in a sentence; without clicks, at its last mode."""
    scored = [row for row in labels.labelled(facts.mart("overall_scores").to_pylist()) if row["mean_iou"] is not None]
    clicked = {row["series"] for row in scored if row["prompt"] == CLICKS}
    several = len({row["seed"] for row in scored}) > 1
    last = {
        (row["series"], row["protocol"], row["seed"]): row
        for row in scored
        if row["prompt"] == CLICKS or row["series"] not in clicked
    }
    return [(f"Seed {row['seed']}: " if several else "") + _mean(row, facts.confidence) for row in last.values()]


def _mean(row: labels.Row, confidence: float) -> str:
    when = f"after {row['prompting']}" if row["prompt"] == CLICKS else f"with {row['prompting']}"
    start = f"{row['model']} (mask choice {row['mask_choice']}) has a mean IoU of"
    if row["low"] is None:
        lacking = f"too few {row['cluster']}s for an interval"
        return f"{start} {row['mean_iou']:.4f} {when}, over {labels.counted(row['tasks'], 'task')}; {lacking}."
    bounds = f"{100 * confidence:g} % interval {row['low']:.4f} to {row['high']:.4f}"
    tasks = f"{row['interval_tasks']} of " if row["few_tasks"] else ""
    return f"{start} {row['interval_iou']:.4f} {when} ({bounds}), over {tasks}{labels.counted(row['tasks'], 'task')}."


def _notes(facts: Facts) -> Iterator[str]:
    """Yield what a reader must know before any figure."""
    summary = facts.summary
    if not summary.complete:
        yield (
            f"Made from {summary.parts_done} of {summary.parts_planned} parts: the run is under way, or was cut short. "
            "Every figure will change."
        )
    if facts.failed:
        failed = "; ".join(f"{labels.counted(parts, 'part')} of {model}" for model, parts in facts.failed.items())
        yield f"Failed twice: {failed}. The reasons are in failed/. Run the study again to retry."
    scored = set(facts.mart("overall_scores")["model"].to_pylist())
    if unscored := [model for model in facts.models if model not in scored]:
        yield f"Without a score, and so in no figure: {', '.join(unscored)}."
    if facts.limit is not None:
        yield f"Not a full run: {facts.limit} raw slices or images of each data set."
    yield from summary.remarks


def _settings(facts: Facts) -> Markup:
    """Return what holds for all rows, as a table of names and texts."""
    summary, seeds = facts.summary, {seed for run in facts.manifests for seed in run.get("seeds") or ()}
    stated = {
        "plan": facts.plan,
        "parts": f"{summary.parts_done} of {summary.parts_planned}",
        "precision": facts.precision,
        "seeds": ", ".join(map(str, sorted(seeds))) or "not stored yet",
        "intervals": f"{100 * facts.confidence:g} %, bootstrap by cluster",
        "click protocols": next((run["departures"] for run in facts.manifests if run.get("departures")), None),
    }
    rows = (Markup("<tr><th>{}</th><td>{}</td></tr>").format(*pair) for pair in stated.items() if pair[1] is not None)
    return Markup('<div class="scroll" tabindex="0"><table class="facts">{}</table></div>').format(Markup().join(rows))


def _data(facts: Facts) -> Markup:
    rows = facts.mart("task_objects")
    if not rows.num_rows:
        return empty("No objects are stored yet.")
    return table(Table(name="data", title="Data", rows=rows, heads=HEADS))


def _models(facts: Facts) -> Markup:
    return table(Table(name="models", title="Models", rows=facts.mart("models"), heads=HEADS))


def _machines(facts: Facts) -> Markup:
    if not facts.manifests:
        return empty("No worker has finished yet, so nothing is stored about machines and versions.")
    rows = [
        {
            "began": run.get("began"),
            "ended": run.get("ended"),
            "device": _of(run, "device").get("device_name"),
            "precision": run.get("precision"),
            "objects": _of(run, "counts").get("objects"),
            "rows": _of(run, "counts").get("rows"),
            "seconds": _of(run, "speed").get("wall_s"),
        }
        for run in facts.manifests
    ]
    return table(listing("workers", "Workers", rows, rows[0], folded=len(rows) > MANY_WORKERS)) + _versions(facts)


def _versions(facts: Facts) -> Markup:
    """Return the versions that can change a row; several of one package if workers had several."""
    versions: dict[str, dict[str, None]] = {}
    for run in facts.manifests:
        for package, version in _of(run, "versions").items():
            versions.setdefault(package, {})[str(version)] = None
    rows = [{"package": package, "version": ", ".join(found)} for package, found in versions.items()]
    return table(listing("versions", "Versions", rows, ("package", "version")))


def _of(run: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a part of a manifest; nothing if it is damaged."""
    part = run.get(name)
    return part if isinstance(part, dict) else {}


def _ledger(facts: Facts) -> Markup:
    rows = facts.mart("ledger")
    if not rows.num_rows:
        of = "" if facts.summary.complete else " of what is stored so far"
        return empty(f"Nothing was left out{of}.") + _missing(facts)
    return table(Table(name="ledger", title="Left out, or used with a remark", rows=rows, heads=HEADS)) + _missing(
        facts
    )


def _missing(facts: Facts) -> Markup:
    """Return which runs lack objects that others have; nothing in a sound study."""
    rows = facts.mart("object_differences")
    return (
        table(Table(name="missing", title="Objects that a run lacks", rows=rows, heads=HEADS))
        if rows.num_rows
        else Markup()
    )


def _spec(facts: Facts) -> Markup:
    if facts.spec is None:
        return Markup()
    text = json.dumps(facts.spec, indent=1, ensure_ascii=False)
    return Markup("<details><summary>The spec</summary><pre>{}</pre></details>").format(text)
