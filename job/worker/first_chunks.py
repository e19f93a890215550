"""End a run whose first chunks all failed: the others would fail too, and the run would end as if it had worked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from job.errors import MachineError, NothingDoneError
from job.plan.file import Chunk
from job.worker.attempts import Attempts

FIRST = 3


@dataclass
class FirstChunks:
    """Watches a run until its first chunk succeeds.

    limit: how many failures end the run; 0 if it is not watched. failed_before: names of chunks that failed in an
    earlier run; they are not counted, so that they cannot keep a run from reaching the others. failed: a line for each
    step that failed. by_machine: of each chunk, whether the fault is this machine's.
    """

    limit: int
    failed_before: Collection[str] = ()
    failed: list[str] = field(default_factory=list)
    by_machine: list[bool] = field(default_factory=list)

    @classmethod
    def of(cls, share: Collection[Chunk], chunks: Collection[Chunk], failed_before: Collection[str]) -> FirstChunks:
        """Watch a run of `chunks`, which are what is left of a worker's share.

        Fewer than `FIRST` chunks are watched only if they are the whole share, and none has failed before.
        """
        new = sum(chunk.name not in failed_before for chunk in chunks)
        return cls(FIRST if new >= FIRST else new if new == len(share) else 0, failed_before)

    def note(self, chunk: Chunk, attempts: Attempts, *, stored: bool) -> None:
        """Note how a chunk ended. stored: whether one of its parts is stored.

        Raise MachineError or NothingDoneError, by the reasons, if all of the first chunks failed.
        """
        if stored or not attempts.failed:
            self.limit = 0
        if not self.limit or chunk.name in self.failed_before:
            return
        self.failed += [f"  {chunk.name}: {step}: {reason}" for step, reason in attempts.failed.items()]
        self.by_machine.append(attempts.failed.keys() == attempts.by_machine)
        if len(self.by_machine) == self.limit:
            chunks = "first chunk" if self.limit == 1 else f"first {self.limit} chunks"
            where = "this machine cannot run them" if all(self.by_machine) else "mend the cause, and run again"
            raise (MachineError if all(self.by_machine) else NothingDoneError)(
                f"the {chunks} failed and nothing was stored, so the run ends; {where}. The reasons are in failed/ and "
                "the tracebacks in the log:\n" + "\n".join(self.failed)
            )
