"""A data set of the spec becomes samples.

`discover` lists the sources, `check` looks at them before a run, `load` makes samples of them. Behind these, `formats/`
decodes files, `layers` reads one file of a source, `opening` reads a source whole, as a `case`. `geometry`,
`intensity`, `labels`, `sizes` and `slicing` are pure.
"""

from job.datasets.check import check_headers, look_inside, raw_slices
from job.datasets.discover import Survey, discover, survey
from job.datasets.inventory import Inventory, inventory
from job.datasets.load import Loaded, load
from job.datasets.sample import Excluded, Sample, TaskObject
from job.datasets.source import Source
from job.datasets.whole import doubts_of_whole

__all__ = [
    "Excluded",
    "Inventory",
    "Loaded",
    "Sample",
    "Source",
    "Survey",
    "TaskObject",
    "check_headers",
    "discover",
    "doubts_of_whole",
    "inventory",
    "load",
    "look_inside",
    "raw_slices",
    "survey",
]
