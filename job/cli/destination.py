"""Where a command may write what is no result: pages and pictures."""

from __future__ import annotations

from job import storage
from job.errors import OutputError
from job.study.addresses import normal, output_refusal, overlap


def checked_destination(address: str, output: str) -> str:
    """Return the address of a file or folder that may be written to, and that is no part of a study's output.

    Raise OutputError otherwise.
    """
    expected = output_refusal(address)
    if expected is None and overlap(address, output):
        expected = "expected another folder than the study's output, which holds results alone"
    if expected:
        raise OutputError(f"--output {storage.public(address)}: {expected}")
    return normal(address)
