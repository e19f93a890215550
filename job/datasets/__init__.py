"""A data set's spec becomes samples: one file for each format; intensity, slicing and geometry apart."""

from job.datasets.check import check_headers, tasks_present
from job.datasets.discover import discover
from job.datasets.load import load, raw_slices
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source

__all__ = [
    "Excluded",
    "Sample",
    "Source",
    "TaskObject",
    "check_headers",
    "discover",
    "load",
    "raw_slices",
    "tasks_present",
]
