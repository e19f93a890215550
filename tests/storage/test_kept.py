"""Texts that are kept in the folder of local copies, so that they are made once."""

import os

import pytest

from job import storage


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """The folder of local copies, which does not exist yet."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "copies"))
    return tmp_path / "copies"


def test_a_text_is_made_once():
    """The second time it is read, letter by letter, with its ends of lines."""
    assert storage.kept("a.js", lambda: "one\r\ntwo\nthree – ") == "one\r\ntwo\nthree – "
    assert storage.kept("a.js", lambda: "other") == "one\r\ntwo\nthree – "


def test_texts_of_other_names_are_apart():
    """Each has a file of its own."""
    assert storage.kept("a.js", lambda: "a") == "a"
    assert storage.kept("b.js", lambda: "b") == "b"


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-1], lambda b: b"", lambda b: b.replace(b"a", b"\xff"), lambda b: b + b"x"]
)
def test_a_damaged_text_is_made_again(folder, damage):
    """Truncated, emptied, no text, or longer; and then kept."""
    storage.kept("a.js", lambda: "aaa")
    (folder / "a.js").write_bytes(damage((folder / "a.js").read_bytes()))
    assert storage.kept("a.js", lambda: "new") == "new"
    assert storage.kept("a.js", lambda: "other") == "new"


def test_a_folder_that_cannot_be_made_keeps_nothing(folder):
    """And the text is made all the same."""
    folder.write_text("a file in its place")
    assert storage.kept("a.js", lambda: "one") == "one"
    assert storage.kept("a.js", lambda: "two") == "two"


def test_a_user_without_a_home_has_the_text_all_the_same(monkeypatch):
    """No folder is guessed."""
    monkeypatch.delenv("MEDSAM_JOB_CACHE")
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # as for a user without an entry in /etc/passwd
    assert storage.kept("a.js", lambda: "one") == "one"
    assert storage.kept("a.js", lambda: "two") == "two"


def test_a_text_of_another_user_is_not_read(monkeypatch):
    """It may be a program, in a folder that all may write to."""
    storage.kept("a.js", lambda: "theirs")
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    assert storage.kept("a.js", lambda: "mine") == "mine"
