"""Which masks and which patient belong to an image."""

from pathlib import Path

import pytest

from job import storage
from job.datasets import discover
from job.storage import FileInfo
from tests.datasets.make import dataset, write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with images."""
    for name in ("a.png", "b.png", "p1/c.png", "p2/c.png"):
        write(tmp_path / name, b"x")
    return tmp_path


def test_named_fields_fill_masks_and_patient(tmp_path: Path) -> None:
    """A field of the pattern can be used in the templates of masks and patient."""
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
    """{stem} has no .nii.gz, {parent} is the file's folder, {image} below a folder is the image's relative address."""
    write(tmp_path / "images/P1/scan.1.nii.gz", b"x")
    write(tmp_path / mask, b"y")
    (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/images/*/*.nii.gz", masks=f"{tmp_path}/{template}"))
    assert source.masks["object"].address == f"{tmp_path}/{mask}"


@pytest.mark.parametrize(
    "template", ["set[1]/{stem}.png", "set/{stem}[1].png", "set/*{stem}.png", "set/{stem}?.png", "**/{stem}.png"]
)
def test_only_fields_of_a_template_vary(tmp_path: Path, template: str) -> None:
    """Wildcards and brackets in a template are literal characters."""
    write(tmp_path / "images/a.png", b"x")
    for name in ("set1/a.png", "set/xa.png", "set/ax.png", "deep/a.png"):
        write(tmp_path / name, b"y")
    data = dataset(tmp_path, masks=f"{tmp_path}/{template}")
    assert discover(data)[0].masks["object"] is None
    literal = write(tmp_path / template.format(stem="a"), b"y")
    assert discover(data)[0].masks["object"].address == str(literal)


def test_image_beside_its_mask(tmp_path: Path) -> None:
    """{image} at the start is the image's whole address: alone the image itself, with a suffix a file beside it."""
    write(tmp_path / "p/a.png", b"x")
    write(tmp_path / "p/a.png.mask", b"y")
    data = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}.mask")
    assert discover(data)[0].masks["object"].address == f"{tmp_path}/p/a.png.mask"
    itself = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}")
    assert discover(itself)[0].masks["object"] == discover(itself)[0].file


def test_missing_mask_is_none(folder: Path) -> None:
    """An image without a mask stays in the list, to become an error in the ledger."""
    write(folder / "masks/a.png", b"y")
    is_missing = {s.image: s.masks["object"] is None for s in discover(dataset(folder, images=f"{folder}/?.png"))}
    assert is_missing == {"a.png": False, "b.png": True}


def test_a_task_may_have_its_own_masks(folder: Path) -> None:
    """One file for all images, or the image itself."""
    write(folder / "atlas.png", b"y")
    tasks = {"shared": 1, "all": {"masks": f"{folder}/atlas.png", "label": 1}, "self": {"masks": "{image}", "above": 0}}
    (a, _) = discover(dataset(folder, images=f"{folder}/?.png", tasks=tasks))
    assert a.masks["shared"] is None
    assert a.masks["all"].address == f"{folder}/atlas.png"
    assert a.masks["self"] == a.file


def test_without_a_template_the_patient_is_the_image(folder: Path) -> None:
    """Each image is its own cluster, named by its relative address."""
    assert [s.patient for s in discover(dataset(folder, images=f"{folder}/*/c.png"))] == ["p1/c.png", "p2/c.png"]


def test_braces_in_values_are_not_filled_again(tmp_path: Path) -> None:
    """A file may be named {name}.png."""
    write(tmp_path / "{name}.png", b"x")
    (source,) = discover(dataset(tmp_path, images=f"{tmp_path}/*.png", patient="{stem}"))
    assert source.patient == "{name}"


def test_masks_are_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is one listing for the images and one for each template, not one for each mask."""
    for n in range(5):
        write(tmp_path / f"images/{n}.png", b"x")
        write(tmp_path / f"masks/{n}.png", b"y")
    listings: list[str] = []
    list_files = storage.list_files

    def noted(root: str, glob: str) -> list[FileInfo]:
        listings.append(f"{root}/{glob}")
        return list_files(root, glob)

    monkeypatch.setattr(storage, "list_files", noted)
    discover(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}))
    assert listings == [f"{tmp_path}/images/*", f"{tmp_path}/masks/*"]
