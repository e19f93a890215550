"""A spec is read from a path or from an address, with the same bounds and the same faults."""

import subprocess
import sys

import pytest

from job import storage
from job.cli.opening import read_spec
from job.errors import SpecError, StorageError
from tests.cases import GENERATED

SPEC = GENERATED.format(output="results")


@pytest.fixture(params=["local", "file", "memory"])
def place(request, tmp_path):
    """Where a spec may lie: a path, or an address of any store."""
    prefix = {"local": tmp_path, "file": f"file://{tmp_path}", "memory": f"memory://{tmp_path.name}"}
    return f"{prefix[request.param]}/spec.yaml"


def refusal(address):
    """Give what `load` says against an address, which is one line."""
    with pytest.raises((SpecError, StorageError)) as told:
        read_spec(str(address))
    (line,) = str(told.value).splitlines()
    return line


def test_a_spec_is_read_from_where_it_lies(place):
    """All of it."""
    storage.write(place, SPEC.encode())
    assert read_spec(place).study.study == "generated"


def test_a_fault_names_the_place_with_line_and_column(place):
    """As it was given."""
    storage.write(place, SPEC.replace("patients: 6", "patients: none").encode())
    assert refusal(place).startswith(f"{place}:6:17: datasets[0].generated.patients: expected a valid integer")


def test_a_byte_order_mark_is_passed_over(place):
    """Editors on Windows write one."""
    storage.write(place, ("\ufeff" + SPEC).encode())
    assert read_spec(place).study.study == "generated"


def test_bytes_that_are_no_text_have_their_place(place):
    """Line and column of the first of them."""
    storage.write(place, b"study: small\nseed: \xff\n")
    assert refusal(place) == f"{place}:2:7: not readable as YAML: not UTF-8 text"
    storage.write(place, b"\xff\xfe\x00")
    assert refusal(place) == f"{place}:1:1: not readable as YAML: not UTF-8 text"


def test_a_file_without_end_is_no_spec(place):
    """256 KiB are enough for any."""
    storage.write(place, b"#" * (1 << 18))
    assert "the spec is empty" in refusal(place)
    storage.write(place, b"#" * ((1 << 18) + 1))
    assert refusal(place) == f"{place}:1:1: larger than 262144 bytes; expected a study spec"
    assert "larger than 262144 bytes" in refusal("/dev/zero")


def test_a_spec_that_is_not_there_is_named(place):
    """With where it was looked for."""
    assert refusal(place).startswith(place)


def test_a_path_that_cannot_be_read_says_why(tmp_path):
    """In the system's words."""
    assert refusal(f"{tmp_path}/none.yaml") == f"{tmp_path}/none.yaml:1:1: cannot be read: No such file or directory"
    assert refusal(tmp_path) == f"{tmp_path}:1:1: cannot be read: Is a directory"


def test_a_store_that_cannot_be_read_says_why():
    """In the words of all that is read there."""
    assert refusal("memory://none/s.yaml") == "memory://none/s.yaml: cannot read: nothing is there"
    assert "Protocol not known: nowhere" in refusal("nowhere://bucket/s.yaml")


def test_a_spec_may_lie_in_a_package():
    """As weights do."""
    assert refusal("package://nilearn/none.yaml") == "package://nilearn/none.yaml: cannot read: nothing is there"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://user:hush@host/s.yaml", "https://host/s.yaml:1:1: expected an address without user and password"),
        ("https://user:hu/hush@host/s.yaml", "https://…:1:1: expected an address that can be read as one"),
        ("https://host/s.yaml?token=hush", "https://host/s.yaml:1:1: expected an address without a query"),
        ("simplecache::s3://bucket/s.yaml", "expected one address, not a chain of them"),
    ],
)
def test_the_address_of_a_spec_is_one_place_without_secrets(address, expected):
    """It stands in jobs' definitions and in logs. The refusal does not show it either."""
    assert expected in refusal(address)
    assert "hush" not in refusal(address)


def test_a_local_spec_loads_no_adapter(tmp_path):
    """S3's takes a second."""
    (tmp_path / "spec.yaml").write_text(SPEC)
    code = "import sys; from job.study import load; load(sys.argv[1]); sys.exit('s3fs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "spec.yaml"]).returncode == 0
