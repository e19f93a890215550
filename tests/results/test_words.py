"""Each worker's last word on a plan."""

import pytest

from job.errors import OutputError, StoreRefusedError
from job.results.words import Word, clear_words, read_words, write_word


def word(shard=0, shards=2, plan="p", code=None, reason=""):
    """Return a word of a worker that is at work."""
    return Word(plan=plan, shard=shard, shards=shards, code=code, reason=reason, time="2026-11-26T10:00:00+00:00")


@pytest.fixture
def output(tmp_path):
    return str(tmp_path)


def test_a_later_word_takes_the_place_of_an_earlier_one(output):
    """Of the same worker on the same plan; others stay."""
    for said in (word(0), word(1), word(0, code=2, reason="größe: expected 1"), word(0, plan="q")):
        write_word(output, said)
    assert sorted(read_words(output, "p"), key=lambda w: w.shard) == [
        word(0, code=2, reason="größe: expected 1"),
        word(1),
    ]


def test_an_output_without_words_has_none(output):
    """No worker has begun."""
    assert read_words(output, "p") == []


def test_words_of_another_number_of_shards_are_cleared(output):
    """Those of another plan stay."""
    for said in (word(0), word(0, 3), word(2, 3), word(0, 3, plan="q")):
        write_word(output, said)
    clear_words(output, "p", except_of=2)
    assert read_words(output, "p") == [word(0)]
    clear_words(output, "p")
    assert (read_words(output, "p"), read_words(output, "q")) == ([], [word(0, 3, plan="q")])


def test_words_are_withdrawn_where_nothing_may_be_deleted(tmp_path, output, monkeypatch):
    """A role may be allowed to write but not to delete."""

    def refuse(address):
        raise StoreRefusedError("access denied")

    write_word(output, word(0))
    monkeypatch.setattr("job.storage.delete", refuse)
    clear_words(output, "p")
    assert read_words(output, "p") == []
    write_word(output, word(0))
    assert read_words(output, "p") == [word(0)]


@pytest.mark.parametrize("content", ["{", "[]", '{"plan": "p"}'])
def test_a_damaged_word_is_named(tmp_path, output, content):
    """With what to do."""
    (tmp_path / "workers").mkdir()
    (tmp_path / "workers/p-0-of-2.json").write_text(content)
    with pytest.raises(OutputError, match=r"workers/p-0-of-2\.json: expected the last word .* delete this file"):
        read_words(output, "p")


def test_a_word_is_a_sentence():
    """For the terminal."""
    said = str(word(1, 4, code=4, reason="device: none"))
    assert said == "Worker 1 of 4 ended with 4 at 2026-11-26T10:00:00+00:00: device: none"
