"""`report`: the page of a study, from what is stored."""

from __future__ import annotations

from datetime import UTC, datetime

from job import storage
from job.cli.gallery import gallery
from job.cli.opening import open_results
from job.errors import EXIT_DONE
from job.plan.file import Plan
from job.report.console import print_lines
from job.report.page.facts import Facts
from job.report.page.sections import page
from job.results.store import Results
from job.results.summary import manifests, place, shows_images
from job.statistics.stored import stored_summary
from job.statistics.summarise import Summary

PAGE = "report.html"


def report(output: str, plan_name: str | None) -> int:
    """Write the page beside the results, and print its address."""
    results, plan = open_results(output, plan_name)
    print_lines([f"wrote {write_page(results, plan, stored_summary(results, plan))}"])
    return EXIT_DONE


def write_page(results: Results, plan: Plan, summary: Summary) -> str:
    """Write the page of a plan to the place of its summary; return its address, without credentials."""
    of_plan = [run for run in manifests(results.output) if run.get("plan") == plan.spec]
    facts = Facts(
        study=next((str(run["study"]) for run in reversed(of_plan) if run.get("study")), "study"),
        output=storage.public(results.output),
        made=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        summary=summary,
        plan=plan.spec,
        limit=plan.limit,
        precision=plan.precision,
        manifests=of_plan,
        gallery=gallery(results, plan, summary, images=shows_images(results.output, plan.spec)),
    )
    address = storage.join(place(results.output, plan.spec), PAGE)
    storage.write(address, page(facts).encode())
    return storage.public(address)
