"""A folder of files of a store, as a local folder in which each has its own name."""

import pytest

from job.storage import InputCache, linked_folder, list_files, write

FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


@pytest.fixture
def stored(request):
    """Return the address of a folder in a store, with a file that is not asked for."""
    folder = f"memory://linked/{request.node.name}"
    for name, content in {**FILES, "README.md": b"text"}.items():
        write(f"{folder}/{name}", content)
    return folder


def listed(folder):
    return [file for pattern in ("*.json", "*.safetensors") for file in list_files(folder, pattern)]


def test_files_of_a_store_have_their_names_and_no_other_is_there(stored, tmp_path):
    """So a package reads them as it reads a folder of its own."""
    folder = linked_folder(listed(stored), InputCache(tmp_path, 10**9))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_the_folder_is_made_once(stored, tmp_path):
    """A second worker finds it."""
    cache = InputCache(tmp_path, 10**9)
    assert linked_folder(listed(stored), cache) == linked_folder(listed(stored), cache)
    assert len(list(tmp_path.glob("folder-*"))) == 1


def test_other_content_makes_another_folder(stored, tmp_path):
    """The first stays as it was, for whoever reads it."""
    cache = InputCache(tmp_path, 10**9)
    before = linked_folder(listed(stored), cache)
    write(f"{stored}/model.safetensors", b"newer weights")
    after = linked_folder(listed(stored), cache)
    assert (before / "model.safetensors").read_bytes() == b"weights"
    assert (after / "model.safetensors").read_bytes() == b"newer weights"


def test_a_local_folder_is_used_as_it_is(tmp_path):
    """Nothing is copied."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    assert linked_folder(listed(str(tmp_path)), InputCache(tmp_path / "cache", 10**9)) == tmp_path
    assert not (tmp_path / "cache").exists()
