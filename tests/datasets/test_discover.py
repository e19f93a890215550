"""Which images a pattern finds, and which mask and patient belong to each."""

import os
from pathlib import Path

import fsspec
import pytest

from job.datasets import discover
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
    """`*` matches one name, sorted; never a name with a leading dot, as in a shell."""
    assert images(tree, "*.png") == ["a.png", "b.png"]
    assert images(tree, "*/*.png") == ["p1/c.png", "p2/c.png"]


def test_two_stars_cross_folders(tree: Path) -> None:
    """`**` matches any number of folders, none too."""
    assert images(tree, "**/*.png") == ["a.png", "b.png", "p1/c.png", "p1/deep/d.png", "p2/c.png"]


def test_question_mark_is_one_character(tree: Path) -> None:
    """`?` matches one character."""
    assert images(tree, "?.png") == ["a.png", "b.png"]
    assert images(tree, "p?/c.png") == ["p1/c.png", "p2/c.png"]


def test_address_without_wildcards_is_one_file(tree: Path) -> None:
    """A literal address is that file; its root is its folder."""
    assert images(tree, "p1/c.png") == ["c.png"]


def test_nothing_there_is_an_empty_tuple(tree: Path) -> None:
    """The caller says so, with line and column of the pattern."""
    assert images(tree, "*.tif") == images(tree, "none.png") == []


def test_brackets_are_ordinary_characters(tmp_path: Path) -> None:
    """`[` is no wildcard, in folders and in names."""
    write(tmp_path / "set[1]/scan[a].png", b"x")
    write(tmp_path / "set1/scana.png", b"x")
    write(tmp_path / "masks/scan[a].png", b"y")
    for pattern in ("set[1]/*.png", "set[1]/scan[a].*", "set[1]/scan[a].png", "set[1]/{id}.png"):
        data = dataset(tmp_path, images=f"{tmp_path}/{pattern}")
        (source,) = discover(data)
        assert source.image == "scan[a].png"
        assert source.masks["object"] is not None


def test_named_fields_fill_masks_and_patient(tmp_path: Path) -> None:
    """A field of the pattern can be used in the masks' and in the patient's template."""
    write(tmp_path / "P07/T1/s_3.png", b"x")
    write(tmp_path / "labels/P07-3.png", b"y")
    data = dataset(
        tmp_path,
        images=f"{tmp_path}/{{case}}/T1/s_{{slice}}.png",
        masks=f"{tmp_path}/labels/{{case}}-{{slice}}.png",
        patient="{case}",
    )
    (source,) = discover(data)
    assert (source.image, source.patient, source.volume) == ("P07/T1/s_3.png", "P07", "P07/T1/s_3.png")
    assert source.masks["object"].address.endswith("labels/P07-3.png")


def test_field_that_comes_twice_reads_the_same(tmp_path: Path) -> None:
    """`{case}/{case}.png` leaves out a file whose name is not its folder's."""
    write(tmp_path / "x/x.png", b"x")
    write(tmp_path / "x/y.png", b"x")
    assert images(tmp_path, "{case}/{case}.png") == ["x/x.png"]


def test_first_field_is_greedy(tmp_path: Path) -> None:
    """`{patient}_{slice}` splits US_001_12 at the last underscore."""
    write(tmp_path / "US_001_12.png", b"x")
    (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/{{patient}}_{{n}}.png", patient="{patient}"))
    assert source.patient == "US_001"


@pytest.mark.parametrize(
    ("template", "mask"),
    [
        ("m/{stem}_seg.nii.gz", "m/scan.1_seg.nii.gz"),
        ("m/{name}", "m/scan.1.nii.gz"),
        ("m/{parent}/seg.nii", "m/P1/seg.nii"),
        ("m/{image}", "m/P1/scan.1.nii.gz"),
    ],
)
def test_template_fields(tmp_path: Path, template: str, mask: str) -> None:
    """{stem} loses .nii.gz, {parent} is the file's folder, {image} below a folder is the image's relative address."""
    write(tmp_path / "images/P1/scan.1.nii.gz", b"x")
    write(tmp_path / mask, b"y")
    (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/images/*/*.nii.gz", masks=f"{tmp_path}/{template}"))
    assert source.masks["object"].address == f"{tmp_path}/{mask}"


def test_image_beside_its_mask(tmp_path: Path) -> None:
    """{image} at the start is the image's whole address: alone the image itself, or its neighbour."""
    write(tmp_path / "p/a.png", b"x")
    write(tmp_path / "p/a.png.mask", b"y")
    data = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}.mask")
    assert discover(data)[0].masks["object"].address == f"{tmp_path}/p/a.png.mask"
    itself = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}")
    assert discover(itself)[0].masks["object"] == discover(itself)[0].file


def test_missing_mask_is_none(tree: Path) -> None:
    """An image without its mask stays in the list: its error belongs in the ledger."""
    write(tree / "masks/a.png", b"y")
    found = {s.image: s.masks["object"] is None for s in discover(dataset(tree, images=f"{tree}/?.png"))}
    assert found == {"a.png": False, "b.png": True}


def test_a_task_brings_its_own_masks(tree: Path) -> None:
    """Of several tasks, one may have a template of its own, or one file for all images."""
    write(tree / "atlas.png", b"y")
    tasks = {"one": 1, "all": {"masks": f"{tree}/atlas.png", "label": 1}, "self": {"masks": "{image}", "above": 0}}
    (a, _) = discover(dataset(tree, images=f"{tree}/?.png", tasks=tasks))
    assert a.masks["one"] is None
    assert a.masks["all"].address == f"{tree}/atlas.png"
    assert a.masks["self"] == a.file


def test_patient_unstated_is_the_image(tree: Path) -> None:
    """Without a template each image is its own cluster; its relative address is unique."""
    assert [s.patient for s in discover(dataset(tree, images=f"{tree}/*/c.png"))] == ["p1/c.png", "p2/c.png"]


def test_braces_in_values_are_not_filled_again(tmp_path: Path) -> None:
    """A file named {name}.png is just that."""
    write(tmp_path / "{name}.png", b"x")
    (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/*.png", patient="{stem}"))
    assert source.patient == "{name}"


def test_masks_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is asked once for images and once for each template, not once for each mask."""
    from job import storage

    for n in range(5):
        write(tmp_path / f"images/{n}.png", b"x")
        write(tmp_path / f"masks/{n}.png", b"y")
    asked: list[str] = []
    list_files = storage.list_files
    monkeypatch.setattr(storage, "list_files", lambda *what: asked.append("/".join(what)) or list_files(*what))
    discover(dataset(tmp_path, tasks={"one": 1, "two": 2}))
    assert asked == [f"{tmp_path}/images/*", f"{tmp_path}/masks/*"]


def test_same_addresses_wherever_the_data_lie(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Image addresses are the same for an absolute, a relative, a file: and a remote root."""
    remote = fsspec.filesystem("memory")
    for name in ("p1/c.png", "p2/c.png", "masks/c.png"):
        remote.pipe_file(f"/bucket/set/{name}", b"x")
    monkeypatch.chdir(tree / "p1")
    for root in (f"{tree}", "..", f"file://{tree}", "memory://bucket/set", f"{tree}/p1/../"):
        found = discover(dataset(tree, images=f"{root}/*/c.png", masks="memory://bucket/set/masks/{name}"))
        assert [source.image for source in found if source.image != "masks/c.png"] == ["p1/c.png", "p2/c.png"], root
        assert all(source.masks["object"] for source in found)


def test_working_folder_is_a_root(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pattern may start with a wildcard."""
    monkeypatch.chdir(tree)
    assert [source.image for source in discover(dataset(tree, images="*/c.png"))] == ["p1/c.png", "p2/c.png"]


def test_package_addresses() -> None:
    """Files inside an installed package are listed as from a folder."""
    data = dataset(
        Path(),
        images="package://nilearn/datasets/data/mni_icbm152_t1_*.nii.gz",
        masks="package://nilearn/datasets/data/mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz",
    )
    (source,) = discover(data)
    assert source.image == "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    assert source.masks["object"].address.startswith("package://nilearn/")


def test_a_link_to_a_file_is_that_file(tree: Path) -> None:
    """Data sets under version control are made of links; one that leads nowhere is no file."""
    (tree / "link.png").symlink_to("p1/c.png")
    (tree / "broken.png").symlink_to("none.png")
    (tree / "folder").symlink_to("p2")
    assert images(tree, "*.png") == ["a.png", "b.png", "link.png"]
    assert images(tree, "folder/*.png") == ["c.png"]


def test_links_in_a_circle_end(tree: Path) -> None:
    """`**` does not go round."""
    (tree / "p1/up").symlink_to("..")
    assert images(tree, "**/c.png") == ["p1/c.png", "p2/c.png"]


def test_a_name_that_is_no_text_is_told(tree: Path) -> None:
    """Neither plan nor tables could hold it; to leave it out would be to lose it."""
    (tree / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    with pytest.raises(StorageError, match=r"'\\udcff.png': the name of this file is no UTF-8 text"):
        images(tree, "*.png")
    assert images(tree, "*.jpg") == ["b.jpg"]
