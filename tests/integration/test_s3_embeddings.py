"""Encodings on a real S3 server: read by a second study, replaced if damaged, and left where none may be written."""

import json

import pytest

from job import storage
from tests.cases import SPEC, medsam_job, use_fake_models, write_study
from tests.integration.s3_server import READER_KEY, READER_SECRET
from tests.models.fake import FakeModel


class Encoding(FakeModel):
    """A fake model whose encodings are worth storing."""

    encoding = "fake 1"


@pytest.fixture
def run(s3, quick, monkeypatch, tmp_path):
    """Run a local study whose encodings are on S3; return what its manifest counts."""
    use_fake_models(monkeypatch, Encoding)
    spec = write_study(tmp_path, text=SPEC.replace("chunk: 4", f"chunk: 4, embeddings: {s3}/kept"))

    def run(output, *options):
        arguments = (spec, "--only", "predict", "--output", tmp_path / output, *options)
        assert medsam_job(monkeypatch, *arguments) == 0
        (file,) = (tmp_path / output / "manifests").iterdir()
        return json.loads(file.read_text())["embeddings"]

    return run


def counts(hits=0, misses=0, stored=0, unusable=0):
    return {"hits": hits, "misses": misses, "stored": stored, "unusable": unusable}


def test_a_second_study_reads_what_the_first_stored(run, s3):
    """Three objects, one for each image."""
    assert run("one") == counts(misses=3, stored=3)
    assert len(storage.list_files(f"{s3}/kept", "*.safetensors")) == 3
    assert run("two") == counts(hits=3)


def test_a_damaged_object_is_replaced(run, s3):
    """It is written anew, in place of the other."""
    run("one")
    file, *_ = storage.list_files(f"{s3}/kept", "*.safetensors")
    sound = storage.read(file.address)
    storage.write(file.address, sound[:-1])
    assert run("two") == counts(misses=3, stored=1, unusable=1)
    assert storage.read(file.address) == sound


def test_who_may_only_read_uses_what_is_there(run, log_in):
    """Nothing is written then."""
    run("one")
    log_in(READER_KEY, READER_SECRET)
    assert run("two") == counts(hits=3)


def test_who_may_not_write_encodes_as_without(run, log_in, capfd):
    """One warning without a secret."""
    log_in(READER_KEY, READER_SECRET)
    assert run("one") == counts(misses=3, unusable=1)
    text = capfd.readouterr().err
    assert text.count("no more embeddings are stored in this run") == 1
    assert READER_SECRET not in text
