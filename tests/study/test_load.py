"""A spec is read from a path or an address, with the same limits and the same faults."""

import subprocess
import sys

import pytest

from job import storage
from job.cli.opening import read_spec
from job.errors import JobError
from tests.cases import GENERATED

SPEC = GENERATED.format(output="results")


@pytest.fixture(params=["local", "file", "memory"])
def place(request, tmp_path):
    """Return the place of a spec: a path, or an address of a store."""
    prefix = {"local": tmp_path, "file": f"file://{tmp_path}", "memory": f"memory://{tmp_path.name}"}
    return f"{prefix[request.param]}/spec.yaml"


def refusal(address):
    """Return the only fault of the spec at an address."""
    with pytest.raises(JobError) as error:
        read_spec(str(address))
    (line,) = str(error.value).splitlines()
    return line


def test_a_spec_is_read_from_a_path_or_an_address(place):
    """With the same result."""
    storage.write(place, SPEC.encode())
    assert read_spec(place).study.study == "generated"


def test_a_fault_begins_with_path_or_address_line_and_column(place):
    """As the user gave them."""
    storage.write(place, SPEC.replace("patients: 6", "patients: none").encode())
    assert refusal(place).startswith(f"{place}:6:17: datasets[0].generated.patients: expected an integer")


def test_a_byte_order_mark_is_ignored(place):
    """Some editors on Windows write one."""
    storage.write(place, ("\ufeff" + SPEC).encode())
    assert read_spec(place).study.study == "generated"


def test_invalid_utf_8_has_its_place(place):
    """Line and column of the first invalid byte."""
    storage.write(place, b"study: small\nseed: \xff\n")
    assert refusal(place) == f"{place}:2:7: not readable as YAML: not UTF-8 text"
    storage.write(place, b"\xff\xfe\x00")
    assert refusal(place) == f"{place}:1:1: not readable as YAML: not UTF-8 text"
    storage.write(place, b"\xef\xbb\xbfs\xed\xa0tudy: small\n")
    assert refusal(place) == f"{place}:1:2: not readable as YAML: not UTF-8 text"


def test_a_spec_has_at_most_256_kib(place):
    """A larger file, or one without end, is not read to its end."""
    storage.write(place, b"#" * (1 << 18))
    assert "the spec is empty" in refusal(place)
    storage.write(place, b"#" * ((1 << 18) + 1))
    assert refusal(place) == f"{place}:1:1: larger than 262144 bytes; expected a study spec"
    assert "larger than 262144 bytes" in refusal("/dev/zero")


def test_a_missing_spec_is_named(place):
    """With its path or address."""
    assert refusal(place).startswith(place)


def test_the_refusal_of_a_path_gives_the_reason(tmp_path):
    """In the words of the operating system."""
    assert refusal(f"{tmp_path}/none.yaml") == f"{tmp_path}/none.yaml:1:1: cannot be read: No such file or directory"
    assert refusal(tmp_path) == f"{tmp_path}: a folder; expected the YAML file of a study"


def test_the_refusal_of_an_address_gives_the_reason():
    """In the same words as for images and masks."""
    assert refusal("memory://none/s.yaml") == "memory://none/s.yaml: cannot read: nothing is there"
    assert "Protocol not known: nowhere" in refusal("nowhere://bucket/s.yaml")


def test_a_spec_may_be_in_a_package():
    """As weights may."""
    assert refusal("package://nilearn/none.yaml") == "package://nilearn/none.yaml: cannot read: nothing is there"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:hush@host/s.yaml", "https://host/s.yaml:1:1: expected an address without user and password"),
        ("https://user:hu/hush@host/s.yaml", "https://…:1:1: expected a valid address"),
        ("https://host/s.yaml?token=hush", "https://host/s.yaml:1:1: expected an address without a query"),
        ("simplecache::s3://bucket/s.yaml", "expected one address, not a chain of them"),
    ],
)
def test_the_address_of_a_spec_is_a_single_place_without_secrets(address, expected):
    """Job definitions and logs contain it. The refusal does not show the secret either."""
    assert expected in refusal(address)
    assert "hush" not in refusal(address)


def test_a_local_spec_imports_no_s3_client(tmp_path):
    """The import takes a second."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    code = "import sys; from job.study import load; load(sys.argv[1]); sys.exit('s3fs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "spec.yaml"]).returncode == 0
