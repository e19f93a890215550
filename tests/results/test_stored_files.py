"""Which files of a results folder exist, and which of them count."""

import pytest

from tests.results.make import write_chunk, write_part


def file_names(addresses):
    """Return the last folder and the name of each address."""
    return ["/".join(address.rsplit("/", 2)[-2:]) for address in addresses]


def test_an_empty_folder_has_no_files(results):
    """A folder that does not exist is not an error."""
    assert results.names("iou") == set()
    assert results.done() == frozenset()
    assert results.failures() == {}
    assert results.located("iou", ["p"]) == {}
    assert results.ledgers({"c": ["p"]}) == {}
    assert results.prediction_files(["p"]) == {}


def test_names_are_those_of_one_table_without_their_suffix(results):
    """Partial files keep their ending."""
    write_part(results, "p1")
    write_part(results, "p2", full=False)
    write_chunk(results, "c1")
    assert results.names("iou") == {"p1", "p2.partial"}
    assert results.names("objects") == results.names("excluded") == {"c1"}


def test_other_files_have_no_name(results, folder):
    """Only Parquet files are listed."""
    write_part(results, "p1")
    (folder / "iou/notes.txt").write_text("x")
    (folder / "iou/p2.parquet.tmp").write_text("x")
    assert results.names("iou") == {"p1"}


def test_files_are_listed_with_address_and_size(results, folder):
    """By name."""
    write_part(results, "p1")
    (listed,) = results.listed("iou").items()
    assert (listed[0], listed[1].address) == ("p1", f"{folder}/iou/p1.parquet")
    assert listed[1].size == (folder / "iou/p1.parquet").stat().st_size


def test_only_full_parts_are_done(results):
    """A partial part is made again."""
    write_part(results, "p1")
    write_part(results, "p2", full=False)
    assert results.done() == {"p1"}


def test_files_are_located_in_the_order_of_their_names(results, folder):
    """Names without a file are left out, and files without a name."""
    for part in ("p1", "p2", "p3"):
        write_part(results, part)
    located = results.located("iou", ["p3", "gone", "p1"])
    assert list(located.items()) == [("p3", f"{folder}/iou/p3.parquet"), ("p1", f"{folder}/iou/p1.parquet")]


def test_a_partial_file_is_located_while_there_is_no_full_one(results):
    """It has the name of the full one."""
    write_part(results, "p1", full=False)
    assert file_names(results.located("iou", ["p1"]).values()) == ["iou/p1.partial.parquet"]
    write_part(results, "p1")
    assert file_names(results.located("iou", ["p1"]).values()) == ["iou/p1.parquet"]


@pytest.mark.parametrize(
    ("full_ledger", "partial_ledger", "full_part", "partial_part", "expected"),
    [
        (True, False, True, False, "excluded/c.parquet"),
        (False, True, False, True, "excluded/c.partial.parquet"),
        (True, True, True, False, "excluded/c.parquet"),
        (True, True, True, True, "excluded/c.parquet"),
        (True, True, False, True, "excluded/c.partial.parquet"),
        (True, True, False, False, "excluded/c.parquet"),
        (True, False, False, True, "excluded/c.parquet"),
        (False, True, True, False, "excluded/c.partial.parquet"),
        (False, False, True, False, None),
    ],
)
def test_the_ledger_of_a_chunk_belongs_to_its_parts(
    results, full_ledger, partial_ledger, full_part, partial_part, expected
):
    """The partial ledger is preferred only while a part is cut short; the other one is used if it is missing."""
    for is_written, full in ((full_ledger, True), (partial_ledger, False)):
        if is_written:
            write_chunk(results, "c", full=full)
    for is_written, full in ((full_part, True), (partial_part, False)):
        if is_written:
            write_part(results, "p", full=full)
    assert file_names(results.ledgers({"c": ["other", "p"]}).values()) == ([expected] if expected else [])


def test_each_chunk_has_its_own_ledger(results):
    """A part of one chunk that was cut short does not affect another chunk."""
    for chunk in ("a", "b"):
        write_chunk(results, chunk)
        write_chunk(results, chunk, full=False)
    write_part(results, "p", full=False)
    ledgers = results.ledgers({"a": ["p"], "b": ["q"], "gone": ["r"]})
    assert list(ledgers) == ["a", "b"]
    assert file_names(ledgers.values()) == ["excluded/a.partial.parquet", "excluded/b.parquet"]


def test_prediction_files_are_those_of_the_named_parts(results):
    """In the order of the parts; a partial part has one too, and a part without commit has none."""
    for part in ("p1", "p2", "p3-x"):
        write_part(results, part, full=part != "p2")
    files = results.prediction_files(["p3-x", "p2", "q"])
    assert list(files) == ["p3-x", "p2"]
    assert [address.rsplit("/", 1)[-1].rpartition("-")[0] for address in files.values()] == ["p3-x", "p2"]
