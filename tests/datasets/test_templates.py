"""Which masks and which patient belong to an image."""

from pathlib import Path

import fsspec
import pytest

from job import storage
from job.datasets.discover import discover
from job.datasets.pattern import nfc
from job.errors import PairingError
from job.storage import FileInfo
from job.study.dataset import Dataset
from tests.datasets.make import dataset, write


def masks(data: Dataset) -> dict[str, list[str]]:
    """Return the masks of each image, as addresses below the test's folder."""
    folder = str(data.images).partition("/images/")[0].partition("/*")[0].partition("/?")[0].partition("/{")[0]
    return {
        source.image: [file.address.removeprefix(f"{folder}/") for file in source.masks["object"]]
        for source in discover(data)
    }


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
    assert source.masks["object"][0].address.endswith("labels/P07-3.png")


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
    assert source.masks["object"][0].address == f"{tmp_path}/{mask}"


@pytest.mark.parametrize("template", ["set[1]/{stem}.png", "set/{stem}[1].png"])
def test_brackets_in_a_template_are_literal_characters(tmp_path: Path, template: str) -> None:
    """They are no classes of characters."""
    write(tmp_path / "images/a.png", b"x")
    for name in ("set1/a.png", "set/a1.png"):
        write(tmp_path / name, b"y")
    data = dataset(tmp_path, masks=f"{tmp_path}/{template}")
    assert discover(data)[0].masks["object"] == ()
    literal = write(tmp_path / template.format(stem="a"), b"y")
    assert masks(data) == {"a.png": [str(literal.relative_to(tmp_path))]}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("m/{stem}_mask*.png", ["m/a (1)_mask.png", "m/a (1)_mask_1.png"]),
        ("m/{stem}_mask_?.png", ["m/a (1)_mask_1.png"]),
        ("m/*{stem}_mask.png", ["m/a (1)_mask.png", "m/xa (1)_mask.png"]),
        ("*/{stem}_mask.png", ["deep/a (1)_mask.png", "m/a (1)_mask.png"]),
        ("*/{stem}_m*k.png", ["deep/a (1)_mask.png", "m/a (1)_mask.png"]),
        ("**/{stem}_mask.png", ["deep/a (1)_mask.png", "deep/er/a (1)_mask.png", "m/a (1)_mask.png"]),
        ("m/{stem}*_mask.png", ["m/a (1)_mask.png"]),
    ],
)
def test_wildcards_in_a_template_find_every_file_that_exists(
    tmp_path: Path, template: str, expected: list[str]
) -> None:
    """Within one name, and `**` across folders; no hidden file, and no other image's."""
    write(tmp_path / "images/a (1).png", b"x")
    for name in (
        "m/a (1)_mask.png", "m/a (1)_mask_1.png", "m/xa (1)_mask.png", "m/.a (1)_mask.png", "m/a (10)_mask.png",
        "deep/a (1)_mask.png", "deep/er/a (1)_mask.png",
    ):  # fmt: skip
        write(tmp_path / name, b"y")
    assert masks(dataset(tmp_path, masks=f"{tmp_path}/{template}")) == {"a (1).png": expected}


def test_several_templates_join_their_files_in_order(tmp_path: Path) -> None:
    """Montgomery's left and right lung; a file that two templates name is one mask."""
    write(tmp_path / "images/a.png", b"x")
    for name in ("right/a.png", "left/a.png"):
        write(tmp_path / name, b"y")
    templates = [f"{tmp_path}/{text}" for text in ("right/{name}", "left/{name}", "none/{name}", "*/a.png")]
    assert masks(dataset(tmp_path, masks=templates)) == {"a.png": ["right/a.png", "left/a.png"]}


def test_a_template_of_one_of_two_namings_finds_the_mask(tmp_path: Path) -> None:
    """As in the prostate and chest sets."""
    for name in ("images/a.png", "images/b.png", "m/a_seg.png", "m/b_Seg.png"):
        write(tmp_path / name, b"x")
    data = dataset(tmp_path, masks=[f"{tmp_path}/m/{{stem}}_seg.png", f"{tmp_path}/m/{{stem}}_Seg.png"])
    assert masks(data) == {"a.png": ["m/a_seg.png"], "b.png": ["m/b_Seg.png"]}


@pytest.mark.parametrize("template", ["m/{case}.png", "m/{n}*.png"])
def test_a_mask_that_two_images_name_is_an_error(tmp_path: Path, template: str) -> None:
    """It names the mask and both images."""
    for name in ("images/c_1.png", "images/c_10.png", "m/c.png", "m/10.png"):
        write(tmp_path / name, b"x")
    data = dataset(tmp_path, images=f"{tmp_path}/images/{{case}}_{{n:int}}.png", masks=f"{tmp_path}/{template}")
    with pytest.raises(PairingError, match=r"/m/(c|10).png is named by c_1.png and by c_10.png"):
        discover(data)
    with pytest.raises(PairingError) as error:
        discover(dataset(tmp_path, masks=None, tasks={"own": {"masks": f"{tmp_path}/m/c*.png", "label": 1}}))
    assert error.value.key == ("tasks", "own", "masks")


def test_a_mask_of_another_image_is_no_image(tmp_path: Path) -> None:
    """As in LGG and BUSI, whose masks lie beside the images under names that the pattern matches too."""
    for stem in ("p/p_1", "p/p_12"):
        write(tmp_path / f"{stem}.tif", b"x")
        write(tmp_path / f"{stem}_mask.tif", b"y")
    data = dataset(tmp_path, images=f"{tmp_path}/{{p}}/{{p}}_{{n}}.tif", masks=f"{tmp_path}/{{p}}/{{p}}_{{n}}_mask.tif")
    assert masks(data) == {"p/p_1.tif": ["p/p_1_mask.tif"], "p/p_12.tif": ["p/p_12_mask.tif"]}


def test_a_mask_with_a_mask_of_its_own_is_an_error(tmp_path: Path) -> None:
    """`p_1*.tif` also names the image p_12.tif, which must not drop out."""
    for name in ("p_1.tif", "p_1_mask.tif", "p_12.tif", "p_12_mask.tif"):
        write(tmp_path / name, b"x")
    data = dataset(tmp_path, images=f"{tmp_path}/*.tif", masks=f"{tmp_path}/{{stem}}*.tif")
    with pytest.raises(
        PairingError, match=r"p_12.tif is named as a mask of p_1.tif but has a mask itself, .*p_12_mask"
    ):
        discover(data)


def test_an_image_is_not_its_own_mask_by_a_wildcard(tmp_path: Path) -> None:
    """It is by {image}."""
    write(tmp_path / "a.png", b"x")
    assert masks(dataset(tmp_path, images=f"{tmp_path}/*.png", masks=f"{tmp_path}/{{stem}}*.png")) == {"a.png": []}


@pytest.mark.parametrize(("unlabelled", "expected"), [("error", ["a", "b"]), ("empty", ["a", "b"]), ("skip", ["a"])])
def test_an_image_without_any_mask_is_left_out_on_demand(tmp_path: Path, unlabelled: str, expected: list[str]) -> None:
    """One that has a mask of one task stays."""
    for name in ("images/a.png", "images/b.png", "m/a.png"):
        write(tmp_path / name, b"x")
    tasks = {
        "one": {"masks": f"{tmp_path}/m/{{name}}", "label": 1},
        "two": {"masks": f"{tmp_path}/n/{{name}}", "label": 1},
    }
    data = dataset(tmp_path, tasks=tasks, unlabelled=unlabelled)
    assert [source.image for source in discover(data)] == [f"{name}.png" for name in expected]


def test_names_are_compared_in_one_normal_form(tmp_path: Path) -> None:
    """A Mac stores Ä decomposed; the mask, the pattern and the patient are composed."""
    composed, decomposed = "\u00c4", "A\u0308"
    write(tmp_path / f"images/{decomposed}1.png", b"x")
    write(tmp_path / f"m/{composed}1.png", b"y")
    for pattern in (f"{composed}{{n}}.png", f"{decomposed}{{n}}.png"):
        data = dataset(
            tmp_path, images=f"{tmp_path}/images/{pattern}", masks=f"{tmp_path}/m/{{stem}}.png", patient="{stem}"
        )
        (source,) = discover(data)
        assert [file.address for file in source.masks["object"]] == [f"{tmp_path}/m/{composed}1.png"]
        assert nfc(source.patient) == f"{composed}1"
    assert masks(dataset(tmp_path, masks=f"{tmp_path}/m/{{stem}}*.png")) == {
        f"{decomposed}1.png": [f"m/{composed}1.png"]
    }


def test_image_beside_its_mask(tmp_path: Path) -> None:
    """{image} at the start is the image's whole address: alone the image itself, with a suffix a file beside it."""
    write(tmp_path / "p/a.png", b"x")
    write(tmp_path / "p/a.png.mask", b"y")
    data = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}.mask")
    assert masks(data) == {"p/a.png": ["p/a.png.mask"]}
    itself = dataset(tmp_path, images=f"{tmp_path}/**/*.png", masks="{image}")
    assert masks(itself) == {"p/a.png": ["p/a.png"]}


def test_an_image_without_a_mask_stays_in_the_list(folder: Path) -> None:
    """It becomes an error in the ledger."""
    write(folder / "masks/a.png", b"y")
    assert masks(dataset(folder, images=f"{folder}/?.png")) == {"a.png": ["masks/a.png"], "b.png": []}


def test_a_task_may_have_its_own_masks(folder: Path) -> None:
    """One file for all images, or the image itself."""
    write(folder / "atlas.png", b"y")
    tasks = {"shared": 1, "all": {"masks": f"{folder}/atlas.png", "label": 1}, "self": {"masks": "{image}", "above": 0}}
    (a, _) = discover(dataset(folder, images=f"{folder}/?.png", tasks=tasks))
    assert a.masks["shared"] == ()
    assert [file.address for file in a.masks["all"]] == [f"{folder}/atlas.png"]
    assert a.masks["self"] == (a.file,)


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

    def noted(root: str, glob: str, *, dead_links: bool) -> list[FileInfo]:
        listings.append(f"{root}/{glob}")
        return list_files(root, glob, dead_links=dead_links)

    monkeypatch.setattr(storage, "list_files", noted)
    discover(dataset(tmp_path, tasks={"liver": 1, "spleen": 2}))
    assert listings == [f"{tmp_path}/images/*", f"{tmp_path}/masks/*"]


def test_wildcards_of_a_template_work_in_every_store(tmp_path: Path) -> None:
    """A bucket is listed by prefix, hidden names too."""
    remote = fsspec.filesystem("memory")
    for name in (
        "i/a (1).png",
        "i/a (10).png",
        "m/a (1)_mask.png",
        "m/a (1)_mask_1.png",
        "m/a (10)_mask.png",
        "m/.a (1)_mask.png",
    ):
        remote.pipe_file(f"/templates/{name}", b"x")
    data = dataset(tmp_path, images="memory://templates/i/*.png", masks="memory://templates/m/*{stem}_mask*.png")
    assert {source.image: [mask.address[-13:] for mask in source.masks["object"]] for source in discover(data)} == {
        "a (1).png": [" (1)_mask.png", "1)_mask_1.png"],
        "a (10).png": ["(10)_mask.png"],
    }
