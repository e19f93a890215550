"""How received content is compared with what its store states about it."""

import base64
import hashlib

import pytest

from job.storage.checks import check, check_copy
from job.storage.faults import MismatchError

DATA = b"pixels"
MD5 = hashlib.md5(DATA, usedforsecurity=False).digest()
STATED = [
    {"md5Hash": base64.b64encode(MD5).decode()},
    {"content_settings": {"content_md5": bytearray(MD5)}},
]
"""As Google Cloud Storage and Azure state it."""


@pytest.fixture(params=["data", "copy"])
def compare(request, tmp_path):
    """A function that compares content, in memory or in a local copy, with a store's details."""

    def of_copy(data, details):
        (tmp_path / "copy").write_bytes(data)
        check_copy(tmp_path / "copy", details)

    return check if request.param == "data" else of_copy


@pytest.mark.parametrize("stated", [*STATED, {}, {"content_settings": {"content_md5": None}}, {"ETag": '"abc"'}])
def test_content_of_the_stated_length_and_md5_is_accepted(compare, stated):
    """A store may state neither."""
    compare(DATA, {"size": 6} | stated)
    compare(DATA, stated)


@pytest.mark.parametrize("data", [b"pix", b"pixels and more"])
def test_content_of_another_length_is_a_mismatch(compare, data):
    """The message has both lengths."""
    with pytest.raises(MismatchError, match=f"received {len(data)} of 6 bytes"):
        compare(data, {"size": 6})


@pytest.mark.parametrize("stated", STATED)
def test_an_altered_byte_is_a_mismatch(compare, stated):
    """Its MD5 differs."""
    with pytest.raises(MismatchError, match="does not match the MD5"):
        compare(b"pixelz", {"size": 6} | stated)
