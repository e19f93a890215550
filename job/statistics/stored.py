"""The marts of a study as its output holds them."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from job import storage
from job.errors import OutputError
from job.plan.file import Plan
from job.results.store import Results
from job.results.summary import place
from job.statistics.names import MARTS
from job.statistics.summarise import Summary


def stored_summary(results: Results, plan: Plan) -> Summary:
    """Read the summary of a plan. Raise OutputError, with the way out, if a table is missing or damaged."""
    folder = storage.join(place(results.output, plan.spec), "summary")
    marts = {name: _read(storage.join(folder, f"{name}.parquet")) for name in MARTS}
    done = results.done()
    return Summary(marts=marts, parts_done=sum(part.name in done for part in plan.parts), parts_planned=len(plan.parts))


def _read(address: str) -> pa.Table:
    content = storage.read_if_there(address)
    try:
        if content is not None:
            return pq.read_table(io.BytesIO(content))
    except pa.ArrowInvalid:
        pass
    state = "missing" if content is None else "damaged"
    raise OutputError(f"{storage.public(address)}: {state}; run `medsam-job SPEC --only statistics`, which makes it")
