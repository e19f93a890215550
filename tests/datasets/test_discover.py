"""Which images a pattern finds."""

import os
from pathlib import Path

import fsspec
import pytest

from job import storage
from job.datasets.discover import discover
from job.datasets.pattern import Pattern
from job.errors import StorageError
from tests.datasets.make import dataset, write


def images(folder: Path, pattern: str) -> list[str]:
    return [source.image for source in discover(dataset(folder, images=f"{folder}/{pattern}"))]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("a.png", "b.png", "b.jpg", "p1/c.png", "p1/deep/d.png", "p2/c.png", ".hidden.png", "p1/._c.png"):
        write(tmp_path / name, b"x")
    return tmp_path


def test_star_stays_within_one_name(tree: Path) -> None:
    """`*` matches within one name, and never a leading dot, as in a shell; images are sorted."""
    assert images(tree, "*.png") == ["a.png", "b.png"]
    assert images(tree, "*/*.png") == ["p1/c.png", "p2/c.png"]


def test_images_are_sorted_in_whatever_order_the_store_lists_them(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order of a plan does not depend on the store."""
    list_files = storage.list_files
    monkeypatch.setattr(storage, "list_files", lambda *args, **kwargs: list_files(*args, **kwargs)[::-1])
    assert images(tree, "**/*.png") == ["a.png", "b.png", "p1/c.png", "p1/deep/d.png", "p2/c.png"]


def test_two_stars_cross_folders(tree: Path) -> None:
    """`**` matches any number of folders, also none."""
    assert images(tree, "**/*.png") == ["a.png", "b.png", "p1/c.png", "p1/deep/d.png", "p2/c.png"]


def test_question_mark_is_one_character(tree: Path) -> None:
    """`?` matches one character."""
    assert images(tree, "?.png") == ["a.png", "b.png"]
    assert images(tree, "p?/c.png") == ["p1/c.png", "p2/c.png"]


@pytest.mark.parametrize(
    ("tail", "address", "fields"),
    [
        ("?.png", "a.png", {}),
        ("?.png", "ab.png", None),
        ("*.png", "a/b.png", None),
        ("**/*.png", "a/b/c.png", {}),
        ("**/*.png", "a/.b/c.png", None),
        ("{case}/*.png", "p1/c.png", {"case": "p1"}),
        ("{case}/*.png", "p1/c_png", None),
        ("{case}/*.png", ".p1/c.png", None),
    ],
)
def test_an_address_is_read_back_by_the_same_rules(tail: str, address: str, fields: dict[str, str] | None) -> None:
    """A store that lists more files than match does no harm."""
    assert Pattern(f"root/{tail}").fields(address) == fields


def test_address_without_wildcards_is_one_file(tree: Path) -> None:
    """A literal address is that file; its root is its folder."""
    assert images(tree, "p1/c.png") == ["c.png"]


def test_a_pattern_that_matches_nothing_has_no_images(tree: Path) -> None:
    """The caller reports it, with line and column of the pattern."""
    assert images(tree, "*.tif") == images(tree, "none.png") == []


def test_brackets_are_ordinary_characters(tmp_path: Path) -> None:
    """`[` is not a wildcard, in folders and in names."""
    write(tmp_path / "set[1]/scan[a].png", b"x")
    write(tmp_path / "set1/scana.png", b"x")
    write(tmp_path / "masks/scan[a].png", b"y")
    for pattern in ("set[1]/*.png", "set[1]/scan[a].*", "set[1]/scan[a].png", "set[1]/{id}.png"):
        data = dataset(tmp_path, images=f"{tmp_path}/{pattern}")
        (source,) = discover(data)
        assert source.image == "scan[a].png"
        assert len(source.masks["object"]) == 1


def test_a_repeated_field_has_one_value(tmp_path: Path) -> None:
    """`{case}/{case}.png` does not match a file whose name differs from its folder's."""
    write(tmp_path / "x/x.png", b"x")
    write(tmp_path / "x/y.png", b"x")
    assert images(tmp_path, "{case}/{case}.png") == ["x/x.png"]


def test_fields_take_as_little_as_they_can(tmp_path: Path) -> None:
    """`{patient}_{n}` splits US_001_12 at the first underscore, `{patient}_{n:int}` at the last."""
    write(tmp_path / "US_001_12.png", b"x")
    for field, patient in (("{n}", "US"), ("{n:int}", "US_001")):
        (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/{{patient}}_{field}.png", patient="{patient}"))
        assert source.patient == patient


@pytest.mark.parametrize(
    ("tail", "address", "fields"),
    [
        ("{project}-{site}-{rest}", "TCGA-18-5592-01Z", {"project": "TCGA", "site": "18", "rest": "5592-01Z"}),
        ("vol*{n:int}.nii", "volume12.nii", {"n": "12"}),
        ("v{n:int}.nii", "v007.nii", {"n": "007"}),
        ("v{n:int}.nii", "v12b.nii", None),
        ("v{n:int}.nii", "v\u0661.nii", None),
        ("v{n:int}.nii", "v.nii", None),
        ("{n:int}/{n}.nii", "12/12.nii", {"n": "12"}),
        ("{n}/v{n:int}.nii", "x/vx.nii", None),
    ],
)
def test_a_typed_field_takes_digits_and_keeps_them_as_written(
    tail: str, address: str, fields: dict[str, str] | None
) -> None:
    """Wherever the field is typed, and only the digits 0 to 9."""
    assert Pattern(f"root/{tail}").fields(address) == fields


def test_addresses_are_the_same_wherever_the_data_are(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image addresses are the same for an absolute, a relative, a file: and a remote root."""
    remote = fsspec.filesystem("memory")
    for name in ("p1/c.png", "p2/c.png", "masks/p1-c.png", "masks/p2-c.png"):
        remote.pipe_file(f"/bucket/set/{name}", b"x")
    monkeypatch.chdir(tree / "p1")
    for root in (f"{tree}", "..", f"file://{tree}", "memory://bucket/set", f"{tree}/p1/../"):
        sources = discover(dataset(tree, images=f"{root}/*/c.png", masks="memory://bucket/set/masks/{parent}-{name}"))
        assert [source.image for source in sources] == ["p1/c.png", "p2/c.png"], root
        assert [source.masks["object"][0].address[-8:] for source in sources] == ["p1-c.png", "p2-c.png"]


def test_the_working_folder_is_a_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern may start with a wildcard."""
    monkeypatch.chdir(tree)
    assert [source.image for source in discover(dataset(tree, images="*/c.png"))] == ["p1/c.png", "p2/c.png"]


def test_package_addresses() -> None:
    """Files inside an installed package are listed like those of a folder."""
    data = dataset(
        Path(),
        images="package://nilearn/datasets/data/mni_icbm152_t1_*.nii.gz",
        masks="package://nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz",
    )
    (source,) = discover(data)
    assert source.image == "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    assert source.masks["object"][0].address.startswith("package://nilearn/")


def test_a_link_to_a_file_is_that_file(tree: Path) -> None:
    """Data sets under version control consist of links. A link that leads nowhere is an image with an error."""
    (tree / "link.png").symlink_to("p1/c.png")
    (tree / "dead.png").symlink_to("none.png")
    (tree / "folder").symlink_to("p2")
    assert images(tree, "*.png") == ["a.png", "b.png", "dead.png", "link.png"]
    assert images(tree, "folder/*.png") == ["c.png"]
    assert images(tree, "*/c.png") == ["folder/c.png", "p1/c.png", "p2/c.png"]


def test_links_in_a_circle_are_not_followed_for_ever(tree: Path) -> None:
    """`**` finds each file once."""
    (tree / "p1/up").symlink_to("..")
    assert images(tree, "**/c.png") == ["p1/c.png", "p2/c.png"]


def test_a_file_name_that_is_not_utf8_is_an_error(tree: Path) -> None:
    """Neither plan nor tables can hold it, and no file is left out silently."""
    (tree / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    with pytest.raises(StorageError, match=r"'\\udcff.png': the name of this file is not UTF-8"):
        images(tree, "*.png")
    assert images(tree, "*.jpg") == ["b.jpg"]
