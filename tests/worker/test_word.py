"""A worker leaves word in the output: that it is at work, and how it ended."""

import pytest

from job.errors import DiskFullError, SpecError, StorageError, WeightsError
from job.results import words
from job.results.words import Word, read_words, write_word
from job.worker.shard import Shard
from job.worker.shutdown import Stopped
from job.worker.word import leaving_word
from tests.cases import medsam_job, use_fake_models, write_generated


def ends(output, plan="p"):
    """Return (shard, shards, code, reason) of each word, in their order."""
    return sorted((word.shard, word.shards, word.code, word.reason) for word in read_words(str(output), plan))


def test_a_worker_at_work_says_so(tmp_path):
    """Its code is not known yet; at the end it is 0."""
    with leaving_word(str(tmp_path), "p", Shard(1, 4)):
        assert ends(tmp_path) == [(1, 4, None, "")]
    assert ends(tmp_path) == [(1, 4, 0, "")]


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (WeightsError("sam.pth: damaged"), 2, "sam.pth: damaged"),
        (SpecError([]), 2, ""),
        (DiskFullError("the disk is full"), 4, "the disk is full"),
        (Stopped("stopping now"), 143, "SIGTERM: stopping now"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 4, "too little memory"),
        (RuntimeError("can't start new thread"), 4, "too little memory"),
        (ValueError("a secret"), 1, "ValueError; the traceback is in its log"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_worker_that_ends_with_an_error_says_why(tmp_path, error, code, reason):
    """The error goes on; the text of a defect is left to the log."""
    with pytest.raises(type(error)), leaving_word(str(tmp_path), "p", None):
        raise error
    assert ends(tmp_path) == [(0, 1, code, reason)]


def test_a_store_that_fails_does_not_hide_why_a_worker_ended(tmp_path, monkeypatch):
    """Its own failure may be the reason."""

    def fail(address, data):
        if b'"code": 2' in data:
            raise StorageError("gone")

    monkeypatch.setattr(words.storage, "write", fail)
    with pytest.raises(WeightsError, match="damaged"), leaving_word(str(tmp_path), "p", None):
        raise WeightsError("damaged")


def test_a_worker_that_begins_clears_the_words_of_other_numbers_of_shards(tmp_path):
    """Its own last word is replaced; those of its fellows stay."""
    for shard, shards in ((0, 2), (1, 2), (4, 5)):
        write_word(str(tmp_path), Word(plan="p", shard=shard, shards=shards, code=2, reason="r", time="t"))
    with leaving_word(str(tmp_path), "p", Shard(0, 2)):
        assert ends(tmp_path) == [(0, 2, None, ""), (1, 2, 2, "r")]


def test_a_run_leaves_word_before_it_plans(tmp_path, monkeypatch):
    """A gathering step that waits for the plan learns why none comes. `plan --store` clears all words."""
    use_fake_models(monkeypatch)
    spec = write_generated(tmp_path)
    text = spec.read_text()
    spec.write_text(text.replace("device: cpu", "device: cuda:7"))
    assert medsam_job(monkeypatch, spec, "--shard", "1/2") == 4
    (path,) = (tmp_path / "results/workers").iterdir()
    (word,) = read_words(str(tmp_path / "results"), path.name.partition("-")[0])
    assert (word.shard, word.shards, word.code) == (1, 2, 4)
    assert word.reason.startswith("device: cuda:7 was asked for")
    assert not (tmp_path / "results/plan").exists()
    assert medsam_job(monkeypatch, "plan", spec, "--store") == 0
    assert not list((tmp_path / "results/workers").iterdir())
