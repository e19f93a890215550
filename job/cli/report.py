"""`report`: the page of a study, from what is stored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from job import storage
from job.audit.status import count_parts
from job.cli.gallery import gallery
from job.cli.opening import open_results
from job.cli.scripts import vega
from job.errors import EXIT_DONE
from job.plan.file import Plan
from job.report.console import print_lines
from job.report.page import sections
from job.report.page.facts import Facts
from job.results.store import Results
from job.results.summary import manifests, place
from job.statistics.stored import stored_settings, stored_summary
from job.statistics.summarise import Summary

PAGE = "report.html"


def report(output: str, plan_name: str | None) -> int:
    """Write the page beside the results; print its address, and how much of the study it is of."""
    results, plan = open_results(output, plan_name)
    summary = stored_summary(results, plan)
    address = write_page(results, plan, summary)
    of = "" if summary.complete else f", of {summary.parts_done} of {summary.parts_planned} parts"
    print_lines([f"wrote {address}{of}"])
    return EXIT_DONE


def write_page(results: Results, plan: Plan, summary: Summary) -> str:
    """Write the page of a plan to the place of its summary; return its address, without credentials."""
    address = storage.join(place(results.output, plan.spec), PAGE)
    shown = gallery(results, plan, summary, images=stored_settings(results, plan).get("images") is True)
    facts = replace(facts_of(results, plan, summary), gallery=shown)
    storage.write(address, sections.page(facts, vega()).encode())
    return storage.public(address)


def facts_of(results: Results, plan: Plan, summary: Summary) -> Facts:
    """Gather what a page states of a study."""
    settings = stored_settings(results, plan)
    return Facts(
        study=settings["study"],
        confidence=settings["statistics"]["confidence"],
        output=storage.public(results.output),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        summary=summary,
        plan=plan.spec,
        limit=plan.limit,
        precision=plan.precision,
        failed={counts.model: counts.failed for counts in count_parts(results, plan) if counts.failed},
        manifests=[run for run in manifests(results.output) if run.get("plan") == plan.spec],
    )
