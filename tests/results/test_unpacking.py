"""What one stored file unpacks to is bounded."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from job.errors import OutputError
from job.results import unpacking


def parquet(rows: int) -> bytes:
    """Return a file of equal rows, which packs well however many there are."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"iou": pa.array([0.5]).take(pa.array([0] * rows))}), sink, use_dictionary=False)
    return sink.getvalue()


def test_the_rows_of_a_file_are_read():
    """As they were written."""
    assert unpacking.rows_of(parquet(3)).to_pylist() == [{"iou": 0.5}] * 3


@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_BYTES"])
def test_a_file_of_more_than_a_chunk_can_have_is_refused_before_it_is_unpacked(monkeypatch, limit):
    """Its footer says how many rows and bytes it holds."""
    monkeypatch.setattr(unpacking, limit, 1000)
    assert unpacking.rows_of(parquet(10)).num_rows == 10
    with pytest.raises(OutputError, match="10000 rows, "):
        unpacking.rows_of(parquet(10_000))
