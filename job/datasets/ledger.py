"""The ledger: what is left out of the evaluation and why, and warnings on what is used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from job.datasets.expected import expected_channels, expected_masks
from job.datasets.pseudonyms import hidden, with_numbers
from job.datasets.sample import Excluded, Kind
from job.datasets.slicing import axis_of
from job.datasets.source import Source
from job.errors import DataError, MemoryShortageError, NoMaskError
from job.storage import public
from job.study.dataset import Dataset


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What a line of the ledger will say about a file, before the slice is known. task: None for the image."""

    task: str | None
    reason: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """The lines about one source, in the order in which they are added."""

    dataset: Dataset
    source: Source
    lines: list[Excluded] = field(default_factory=list)

    def add(self, kind: Kind, reason: str, detail: str, *, slice_: int, task: str | None = None) -> None:
        """Add a line about one slice. task: None if the line is about the image."""
        if self.dataset.pseudonymise is not None:
            detail = hidden(detail, self._addresses(), self.source.image)
            for file in self.source.files:
                members = getattr(file, "members", ())
                detail = with_numbers(detail, (each.address.rpartition("/")[2] for each in members))
        self.lines.append(
            Excluded(
                dataset=self.dataset.name,
                image=self.source.image,
                axis=axis_of(self.dataset, self.source),
                slice=slice_,
                task=task,
                kind=kind,
                reason=reason,
                detail=detail,
            )
        )

    def _addresses(self) -> Iterator[str]:
        """Yield the addresses of the source's files, and those where its masks and channels are looked for."""
        for file in self.source.files:
            if file is not None:
                yield public(file.address)
        for task in self.dataset.tasks:
            yield from map(public, expected_masks(self.dataset, self.source, task))
        yield from map(public, expected_channels(self.dataset, self.source))

    def add_error(self, error: DataError | MemoryShortageError, *, slice_: int = 0, task: str | None = None) -> None:
        """Add a line with the reason and detail of an exception: an error, or `empty` for a NoMaskError."""
        kind: Kind = "empty" if isinstance(error, NoMaskError) else "error"
        self.add(kind, error.reason, error.detail, slice_=slice_, task=task)

    def add_remarks(self, kind: Kind, remarks: Iterable[Remark], *, slice_: int = 0) -> None:
        """Add a line for each remark."""
        for remark in remarks:
            self.add(kind, remark.reason, remark.detail, slice_=slice_, task=remark.task)
