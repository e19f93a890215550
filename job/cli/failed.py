"""What `run` and `status` print of chunks that failed twice."""

from __future__ import annotations

from collections.abc import Iterator

from job.audit.failures import MOST_READ, Failure, failures
from job.audit.status import failed_chunks
from job.cli.wording import counted
from job.plan.file import Plan
from job.results.store import Results
from job.study.yaml_source import shorten

SHOWN = 3
"""Reasons that are printed."""
MOST_LETTERS = 400
"""Of a reason: the whole text is in its record."""


def failure_lines(results: Results, plan: Plan) -> Iterator[str]:
    """Yield how many chunks failed twice, the most frequent reasons, and what to do; nothing if none failed."""
    chunks = failed_chunks(results, plan)
    if not chunks:
        return
    yield f"{counted(len(chunks), 'chunk')} failed twice. Run the study again to retry."
    images = {chunk.name: chunk.units[0].source.image for chunk in plan.chunks if chunk.name in chunks}
    reasons = failures(results, chunks)
    for failure in reasons[:SHOWN]:
        where = f"{counted(len(failure.chunks), 'chunk')}, such as that of {images[failure.chunks[0]]}"
        yield f"- {_reason(failure)} ({where})"
    if len(reasons) > SHOWN or len(chunks) > MOST_READ:
        yield "- There are other reasons: see the files in failed/."


def _reason(failure: Failure) -> str:
    reason = shorten(" ".join(failure.reason.split()), MOST_LETTERS)
    return f"{failure.step}: {reason}" if failure.step else reason
