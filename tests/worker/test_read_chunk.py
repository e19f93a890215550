"""A chunk is read with what storage provides; the ledger says what it did not."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from structlog.contextvars import get_contextvars

from job.datasets import load as load_module
from job.errors import StorageError, StoreRefusedError
from job.plan.make import make
from job.storage import InputCache
from job.study import load
from job.worker.read_chunk import read_chunk
from job.worker.side_by_side import Readers
from job.worker.tally import Tally
from tests.cases import SPEC, write_study


@pytest.fixture
def read(tmp_path, monkeypatch):
    """Read a chunk of three images, one of which may raise an error."""
    spec, cache = load(write_study(tmp_path, cases=3)), InputCache(tmp_path / "cache", 10**9)
    (chunk,) = make(spec, cache).chunks

    def read(error=None):
        load_source = load_module.load

        def load_or_raise(dataset, source, *arguments):
            if source.image == "case1.png" and error is not None:
                raise error
            return load_source(dataset, source, *arguments)

        monkeypatch.setattr("job.worker.read_chunk.load", load_or_raise)
        return read_chunk(spec, cache, chunk)

    return read


def test_a_chunk_is_read_in_full(read):
    """Each image is a sample with the objects of its tasks."""
    content = read()
    assert content.full
    assert content.left_out == []
    assert [sample.image for sample in content.samples] == ["case0.png", "case1.png", "case2.png"]
    assert all(sample.image_HWC.shape == (48, 48, 3) for sample in content.samples)
    assert all(sample.image_HWC.dtype == np.uint8 for sample in content.samples)
    assert [[obj.task for obj in sample.objects] for sample in content.samples] == [["disc", "ring"]] * 3


def test_a_file_that_storage_cannot_provide_is_an_error_in_the_ledger(read):
    """The other images are read; the chunk is not full, so that a later run reads it again."""
    content = read(StorageError("the store is out of reach"))
    assert not content.full
    assert [sample.image for sample in content.samples] == ["case0.png", "case2.png"]
    (line,) = content.left_out
    assert (line.dataset, line.image, line.axis, line.slice, line.task) == ("Discs", "case1.png", "none", 0, None)
    assert (line.kind, line.reason, line.detail) == ("error", "storage", "the store is out of reach")


def test_a_store_that_refuses_ends_the_run(read):
    """It would refuse the next file too."""
    with pytest.raises(StoreRefusedError, match="access denied"):
        read(StoreRefusedError("access denied"))


def test_what_is_logged_while_reading_names_the_chunk(read, monkeypatch):
    """It is not the chunk that is evaluated at the time."""
    contexts, load_source = [], load_module.load
    monkeypatch.setattr(
        load_module,
        "load",
        lambda *arguments: contexts.append(get_contextvars()["chunk"]) or load_source(*arguments),
    )
    chunk = read().chunk
    assert contexts == [chunk.name] * 3
    assert "chunk" not in get_contextvars()


def test_a_doubt_about_the_data_set_is_told_with_the_image_at_which_it_stands(tmp_path, monkeypatch):
    """Once, in whatever portions the chunk is read, and also if the image cannot be fetched."""
    text = SPEC.replace('    patient: "{{stem}}"\n', "")
    spec, cache = load(write_study(tmp_path, cases=3, text=text)), InputCache(tmp_path / "cache", 10**9)
    (chunk,) = make(spec, cache).chunks
    rest, whole = read_chunk(spec, cache, chunk, chunk.units[1:]), read_chunk(spec, cache, chunk)
    assert [line.reason for line in (*rest.left_out, *whole.left_out)] == ["patients not stated"]

    def fail(*_):
        raise StorageError("the store is out of reach")

    monkeypatch.setattr("job.worker.read_chunk.load", fail)
    reasons = [line.reason for line in read_chunk(spec, cache, chunk).left_out]
    assert reasons == ["storage", "patients not stated", "storage", "storage"]


def test_threads_read_what_one_reads(tmp_path):
    """The same samples, lines and units, in the same order; a damaged file and one without object are among them."""
    spec, cache = load(write_study(tmp_path, cases=9)), InputCache(tmp_path / "cache", 10**9)
    chunks = make(spec, cache).chunks
    (tmp_path / "data/images/case2.png").write_bytes((tmp_path / "data/images/case2.png").read_bytes()[:200])
    Image.new("L", (48, 48)).save(tmp_path / "data/masks/case5.png")
    cache = InputCache(tmp_path / "cache", 10**9)
    for chunk in chunks:
        alone = read_chunk(spec, cache, chunk)
        with ThreadPoolExecutor(4) as pool:
            together = read_chunk(spec, cache, chunk, readers=Readers(pool=pool, count=4))
        assert together.left_out == alone.left_out
        assert together.units == alone.units
        assert [sample.image for sample in together.samples] == [sample.image for sample in alone.samples]
        for one, other in zip(together.samples, alone.samples, strict=True):
            np.testing.assert_array_equal(one.image_HWC, other.image_HWC)


def test_the_time_of_reading_and_decoding_is_tallied(tmp_path):
    """`read` is what comes from storage, `decode` all else."""
    spec, cache = load(write_study(tmp_path, cases=3)), InputCache(tmp_path / "cache", 10**9)
    tally = Tally()
    read_chunk(spec, cache, make(spec, cache).chunks[0], tally=tally)
    assert set(tally.seconds) == {"read", "decode"}
