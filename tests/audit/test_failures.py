"""Why chunks failed twice, told once for all chunks that failed alike."""

import pytest

from job.audit.failures import MOST_READ, Failure, failures
from job.results.store import Results


@pytest.fixture
def failed(tmp_path):
    """Return a function that records why chunks failed, and returns what is told of them all."""
    results = Results(str(tmp_path))

    def failed(**reasons_by_chunk):
        for chunk, reasons in reasons_by_chunk.items():
            results.write_failure(chunk, {"chunk": chunk, "failed": reasons})
        return failures(results, reasons_by_chunk)

    failed.results = results
    return failed


def test_an_equal_reason_is_told_once_with_its_chunks(failed):
    """The most frequent comes first."""
    assert failed(a={"sam": "x"}, b={"ritm": "y"}, c={"ritm": "y"}) == [
        Failure(step="ritm", reason="y", chunks=("b", "c")),
        Failure(step="sam", reason="x", chunks=("a",)),
    ]


def test_a_chunk_that_failed_with_two_models_is_in_both_reasons(failed):
    """Of equal frequency: by the names of the models."""
    assert [(each.step, each.chunks) for each in failed(a={"sam": "x", "ritm": "x"})] == [
        ("ritm", ("a",)),
        ("sam", ("a",)),
    ]


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}", '{"failed": {}}', '{"failed": "x"}', "\udcff"])
def test_a_record_that_cannot_be_read_says_so(failed, tmp_path, text):
    """It is counted all the same."""
    (tmp_path / "failed").mkdir()
    (tmp_path / "failed/a.failed.json").write_bytes(text.encode(errors="surrogateescape"))
    assert failures(failed.results, ["a"]) == [Failure(step="", reason="its record cannot be read", chunks=("a",))]


def test_a_record_that_another_worker_has_deleted_is_no_fault(failed):
    """It tries the chunk again."""
    assert [each.reason for each in failures(failed.results, ["a"])] == ["its record cannot be read"]


def test_of_many_chunks_a_part_is_looked_at(failed):
    """In a store, each record is a request."""
    (failure,) = failed(**{f"c{number:03}": {"sam": "x"} for number in range(MOST_READ + 5)})
    assert len(failure.chunks) == MOST_READ
