"""A data set of the spec becomes samples. `formats/` reads files; intensity, slicing and geometry are pure."""

from job.datasets.check import check_headers, look_inside
from job.datasets.discover import discover
from job.datasets.load import Loaded, load, raw_slices
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source

__all__ = [
    "Excluded",
    "Loaded",
    "Sample",
    "Source",
    "TaskObject",
    "check_headers",
    "discover",
    "load",
    "look_inside",
    "raw_slices",
]
