"""What is doubtful about a data set as a whole, known from its listing alone."""

from __future__ import annotations

from collections.abc import Sequence

from job.datasets.ledger import Ledger
from job.datasets.sample import Excluded
from job.datasets.source import Source
from job.study.dataset import Dataset

PATIENTS = (
    "the spec does not say which images are of one patient, so each counts as a patient; slices of ten patients taken "
    'as independent give a false p in 37 to 65 % of studies: state `patient`, such as "{parent}" or a named field of '
    '`images`, or "{image}" if each image is of another patient'
)


def doubts_of_whole(dataset: Dataset, sources: Sequence[Source]) -> tuple[Excluded, ...]:
    """Return the lines of the ledger about a data set. They stand at the first of the images that they are about."""
    pictures = [source for source in sources if not source.is_volume]
    if dataset.has_patients or len(pictures) < 2:
        return ()
    ledger = Ledger(dataset=dataset, source=pictures[0])
    ledger.add("warning", "patients not stated", PATIENTS, slice_=0)
    return tuple(ledger.lines)
