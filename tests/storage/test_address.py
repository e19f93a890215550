"""Addresses as text: joined, shown without secrets, and resolved inside Python packages."""

import pytest

from job import storage
from job.errors import StorageError, StoreRefusedError

MNI = "package://nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"


def test_names_are_joined_with_one_slash():
    """The folder may end with one, or hold two."""
    assert storage.join("s3://b/a/", "c", "d.png") == storage.join("s3://b//a", "c/d.png") == "s3://b/a/c/d.png"


def test_addresses_are_shown_without_secrets():
    """In logs, plans and manifests."""
    assert storage.public("https://user:secret@host:1/a.png?token=x") == "https://host:1/a.png"
    assert storage.public("https://user:sec/ret@host/a.png") == "https://…"
    assert storage.public("s3://bucket/a.png") == "s3://bucket/a.png"
    assert storage.public("/data/a.png") == "/data/a.png"


def test_a_file_inside_a_python_package_has_an_address():
    """It is listed under that address."""
    (file,) = storage.list_files(*MNI.rsplit("/", 1))
    assert file.address == MNI
    assert storage.local_path(MNI).name.startswith("mni_icbm152_t1")
    assert len(storage.list_files("package://nilearn/datasets/data", "mni_icbm152_*.nii.gz")) == 3


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("package://no_such_package/a", "the Python package 'no_such_package' is not installed; install it with pip"),
        ("package://nilearn/../numpy/__init__.py", "points outside the package 'nilearn'"),
        ("package://../etc/passwd", r"the Python package '\.\.' is not installed"),
    ],
)
def test_a_package_address_stays_inside_its_package(address, reason):
    """No other file on the disk can be reached through it."""
    with pytest.raises(StorageError, match=reason):
        storage.info(address)


def test_an_address_that_the_operator_does_not_allow_is_not_opened(monkeypatch, tmp_path):
    """Whoever names it: a spec, a plan, or a link on the way."""
    (tmp_path / "open").mkdir()
    (tmp_path / "closed.txt").write_bytes(b"x")
    (tmp_path / "open/link.txt").symlink_to(tmp_path / "closed.txt")
    monkeypatch.setenv("MEDSAM_JOB_ALLOWED_ADDRESSES", f"{tmp_path}/open")
    storage.write(f"{tmp_path}/open/a.txt", b"a")
    for address in (f"{tmp_path}/closed.txt", f"{tmp_path}/open/link.txt", "memory://a", "s3://bucket/a"):
        for operation in (storage.read, storage.info, storage.delete, lambda name: storage.list_files(name, "*")):
            with pytest.raises(StoreRefusedError, match="expected an address below one of those that MEDSAM_JOB_ALL"):
                operation(address)
