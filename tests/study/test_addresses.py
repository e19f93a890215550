"""Addresses as text: what is wrong with one, which are allowed, and which are the same."""

import pytest

from job.study.addresses import normal, output_refusal, overlap, refusal
from tests.study.small import SMALL, only_fault

EMPTY = "got an empty text: is a variable unset?"
NO_SCHEME = "with two slashes, or a path"


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("s3://bucket/res//base", "s3://bucket/res/base"),
        ("s3://bucket//a/", "s3://bucket/a/"),
        ("//data///a//*.png", "/data/a/*.png"),
        ("file:///data//a", "file:///data/a"),
        ("memory://a//b", "memory://a/b"),
        ("https://host//a/{case}//b.png", "https://host/a/{case}/b.png"),
    ],
)
def test_a_doubled_slash_is_one(written, same):
    """Beside that of the scheme."""
    assert normal(written) == same
    assert normal(same) == same


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", EMPTY),
        (" ", EMPTY),
        ("s3:/bucket/x", NO_SCHEME),
        ("bucket:/x", NO_SCHEME),
        ("file:/data", NO_SCHEME),
        ("data:text/plain,x", NO_SCHEME),
        ("s3://", "the name of a bucket or host after s3://"),
        ("https:///x", "the name of a bucket or host after https://"),
        ("abfss://box@mine.dfs.core.windows.net/x", "the storage account belongs in AZURE_STORAGE_ACCOUNT_NAME"),
    ],
)
def test_a_text_that_is_no_address_is_refused(address, expected):
    """It would be taken for a folder of the working directory."""
    assert expected in refusal(address)
    assert expected in output_refusal(address)


@pytest.mark.parametrize(
    "address", ["a", "/data/sub:a:01/*.png", "./name:/x", "file:///data", "s3://b", "{n:int}/a.png"]
)
def test_an_address_is_accepted(address):
    """A name may hold a colon."""
    assert refusal(address) is None
    assert output_refusal(address) is None


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("memory://x", "what is in memory ends with this process"),
        ("http://host/x", "nothing can be written to a web server"),
        ("http://host/a://b", "nothing can be written to a web server"),
        ("package://job/x", "the files of a package are read-only"),
    ],
)
def test_a_place_that_keeps_no_results_is_refused_as_output(address, reason):
    """As an input it is none."""
    assert output_refusal(address).endswith(reason)
    assert refusal(address) is None


LIST = "s3://data/sets, https://models.org/v1/,/srv/medsam,gs://"


@pytest.mark.parametrize(
    "address",
    [
        "s3://data/sets",
        "s3a://data/sets/a/*.png",
        "https://models.org/v1/a.pth",
        "gs://any/a",
        "/srv/medsam/{case}/a.png",
        "file:///srv/medsam",
        "package://job/a",
    ],
)
def test_an_address_below_a_listed_prefix_is_allowed(monkeypatch, address):
    """In any spelling. Files of installed packages always are."""
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", LIST)
    assert refusal(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "s3://data/sets2/a",
        "s3://other/../data/sets/a",
        "s3://data/sets/../secret",
        "http://models.org/v1/a.pth",
        "https://models.org/v1/%2e%2e/a.pth",
        "https://models.org.evil/v1/a.pth",
        "memory://a",
        "http://evil/x/s3://data/sets/a",
        "/srv/medsam/../other",
        "/srv/*/../../etc/passwd",
        "~/a",
        "results",
    ],
)
def test_any_other_address_is_refused(monkeypatch, address):
    """Also one that leads out of a listed prefix."""
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", LIST)
    assert refusal(address) == "expected an address below one of those that MEDSAM_JOB_ALLOWED_ADDRESSES lists"


def test_an_address_that_is_not_allowed_is_a_fault_at_its_place(monkeypatch):
    """The operator's list is not shown."""
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", "s3://data")
    fault = only_fault(SMALL.replace("a/*.png", "s3://other/a/*.png").replace("masks: ", "masks: s3://data/"))
    assert fault.startswith("s.yaml:5:5: datasets[0].images: expected an address below one of those that MEDSAM_JOB_AL")


@pytest.mark.parametrize(
    ("address", "other", "expected"),
    [
        ("http://h/a%20b/x", "http://h/a b", True),
        ("https://h/a%20b/x", "https://h/a b", True),
        ("s3://h/a%20b/x", "s3://h/a b", False),
        ("https://h/a?u=s3://b/c", "https://h/a?u=s3://b", True),
        ("https://h/a?u=s3://b", "s3://b", False),
        ("s3a://b/x/", "s3://b/x", True),
        ("s3://b/aX", "s3://b/a", False),
    ],
)
def test_addresses_overlap_in_any_spelling(address, other, expected):
    """Only those of the web have escapes, and only the first scheme is one."""
    assert overlap(address, other) == expected
    assert overlap(other, address) == expected
