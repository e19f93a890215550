"""Data sets in zip and tar archives: images, masks, tables and series; each fault is a line of the ledger."""

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from job import storage
from job.datasets.check import check_headers, look_inside
from job.datasets.discover import discover, survey
from job.datasets.inventory import inventory
from job.plan.chunks import chunks
from job.storage import InputCache
from tests.datasets.formats.dicom.written import grid, phantom, slices, stored
from tests.datasets.make import MAX_PX, dataset, grey, labelled, ledger, load, nifti, numbered, save, square

SERIES = {"patient1": 1, "patient2": 2}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
    """A cache of its own for each test."""
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "own cache"))
    return tmp_path


def packed(path, folder):
    """Pack a folder into an archive, and return the archive's path."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in files:
                archive.write(file, file.relative_to(folder))
    else:
        with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
            for file in files:
                archive.add(file, file.relative_to(folder))
    return path


def pictures(folder, names=("a", "b")):
    for name in names:
        save(folder / f"images/{name}.png", grey() + ord(name[-1]) % 5)
        save(folder / f"masks/{name}.png", square())
    return folder


@pytest.mark.parametrize("ending", [".zip", ".tar", ".tar.gz"])
def test_pictures_in_one_archive_are_those_of_a_folder(place, ending):
    """The same samples under the same names, whatever holds them; a name in Chinese too."""
    plain = pictures(place / "plain", ("a", "b", "影像"))
    packed(place / f"set{ending}", plain)
    loose = load(dataset(plain), place).samples
    data = dataset(place, images=f"{place}/set{ending}#images/*.png", masks=f"{place}/set{ending}#masks/{{name}}")
    inside = load(data, place).samples
    assert [sample.image for sample in inside] == [sample.image for sample in loose] == ["a.png", "b.png", "影像.png"]
    for one, other in zip(loose, inside, strict=True):
        assert np.array_equal(one.image_HWC, other.image_HWC)
        assert np.array_equal(one.objects[0].truth_HW, other.objects[0].truth_HW)


def test_a_pattern_goes_over_many_archives(place):
    """Fields may be in the archive's name and in that of the file; `{parent}` is a folder, or the archive."""
    for case in ("c1", "c2"):
        folder = place / "loose" / case
        nifti(folder / "img/scan.nii.gz", numbered())
        nifti(folder / "seg.nii.gz", labelled(1, 2))
        packed(place / f"{case}.zip", folder)
    data = dataset(
        place,
        images=f"{place}/{{case}}.zip#img/*.nii.gz",
        masks=f"{place}/{{case}}.zip#seg.nii.gz",
        patient="{case}",
        only={"case": "c2"},
    )
    (source,) = discover(data)
    assert (source.image, source.patient) == ("c2.zip#/img/scan.nii.gz", "c2")
    assert [sample.slice for sample in load(data, place).samples] == [1, 2]
    (source,) = discover(
        dataset(place, images=f"{place}/{{case}}.zip#seg.nii.gz", masks="{image}", patient="{parent}", only="c1*/*")
    )
    assert source.patient == "c1.zip"


def test_an_archive_may_be_the_folder_of_a_series(place):
    """As TCIA's are downloaded, one for each; notes among the slices are left out with a warning."""
    (place / "p1").mkdir()
    for number, item in enumerate(slices(*stored(phantom() + 20, grid()))):
        item.save_as(place / f"p1/{7 * number % 5}.dcm", enforce_file_format=True)
    (place / "p1/LICENSE.txt").write_text("CC BY")
    packed(place / "p1.zip", place / "p1")
    data = dataset(
        place, images=f"{place}/{{patient}}.zip#", masks="{image}", patient="{patient}", tasks={"all": "any"}
    )
    (source,) = discover(data)
    assert (source.image, source.patient, source.is_volume) == ("p1.zip#", "p1", True)
    loaded = load(dataset(place, images=data.images, masks=f"{place}/mask.nii.gz"), place)
    assert "other files" not in [line.reason for line in loaded.left_out]  # the mask is missing: nothing was used
    nifti(place / "mask.nii.gz", (phantom() > 0).astype(np.uint8), grid())
    loaded = load(dataset(place, images=data.images, masks=f"{place}/mask.nii.gz"), place)
    (line,) = loaded.left_out
    assert line.reason == "other files"
    assert "LICENSE.txt (not a DICOM file)" in line.detail  # by its own name, not by that of its copy
    assert [sample.image_HWC.max() for sample in loaded.samples] == [255] * 4


def test_tables_and_lists_may_lie_in_an_archive(place):
    """As may `dataset.json`."""
    folder = pictures(place / "plain")
    (folder / "split.csv").write_text("file,mask,who\na.png,a,p1\nb.png,b,p2\n")
    (folder / "used.txt").write_text("b\n")
    packed(place / "set.zip", folder)
    data = dataset(
        place,
        images=f"{place}/set.zip#images/*.png",
        masks=f"{place}/set.zip#masks/{{mask}}.png",
        table={"file": f"{place}/set.zip#split.csv", "image": "file"},
        patient="{who}",
        only={"list": f"{place}/set.zip#used.txt"},
    )
    assert [source.patient for source in discover(data)] == ["p2"]
    assert len(load(data, place).samples) == 1


def test_validate_and_chunks_see_what_a_run_sees(place):
    """No error, the task present, and a key for the content alone."""
    packed(place / "set.zip", pictures(place / "plain"))
    data = dataset(place, images=f"{place}/set.zip#images/*.png", masks=f"{place}/set.zip#masks/{{name}}")
    cache = InputCache(place / "cache", 1 << 30)
    for source in discover(data):
        assert check_headers(data, source, cache, MAX_PX) == []
        assert look_inside(data, source, cache, MAX_PX).tasks == {"object"}
    name = chunks(data, discover(data), 8, cache, None, MAX_PX)[0].name
    loose = dataset(place / "plain")
    assert name == chunks(loose, discover(loose), 8, cache, None, MAX_PX)[0].name


def errors(data, folder):
    return {line.image: line.detail for line in load(data, folder).left_out if line.kind == "error"}


def test_a_damaged_archive_among_others_is_a_line_of_the_ledger(place):
    """The images of the others are evaluated, and the plan can be made."""
    packed(place / "c1.zip", pictures(place / "plain"))
    (place / "c2.zip").write_bytes((place / "c1.zip").read_bytes()[:300])
    (place / "c3.zip").symlink_to(place / "gone")
    data = dataset(place, images=f"{place}/{{case}}.zip#images/*.png", masks=f"{place}/{{case}}.zip#masks/{{name}}")
    found = errors(data, place)
    assert list(found) == ["c2.zip", "c3.zip"]
    assert "no such archive" in found["c2.zip"]
    assert len(load(data, place).samples) == 2
    cache = InputCache(place / "cache", 1 << 30)
    assert chunks(data, discover(data), 8, cache, None, MAX_PX)
    assert "4 images" in str(inventory(data, survey(data)))
    lines = [check_headers(data, source, cache, MAX_PX) for source in discover(data)]
    assert [line.image for each in lines for line in each if line.kind == "error"] == ["c2.zip", "c3.zip"]


def test_a_mask_in_a_damaged_archive_is_missing_with_the_reason(place):
    """Not only where it was expected."""
    folder = pictures(place / "plain", ("a",))
    (place / "a.zip").write_bytes(b"no archive")
    data = dataset(folder, masks=f"{place}/{{stem}}.zip#mask.png")
    (detail,) = errors(data, place).values()
    assert f"expected a file at {place}/a.zip#/mask.png; the archive is damaged, or no such archive" in detail


def test_a_file_that_is_refused_is_named_in_the_ledger(place):
    """A name that leads out of the archive, a link, an encrypted file: each with its reason, the others evaluated."""
    folder = pictures(place / "plain", ("a",))
    with tarfile.open(place / "set.tar", "w") as archive:
        for name in ("images/a.png", "masks/a.png"):
            archive.add(folder / name, name)
        archive.add(folder / "images/a.png", "../images/up.png")
        link = tarfile.TarInfo("images/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    data = dataset(place, images=f"{place}/set.tar#images/*.png", masks=f"{place}/set.tar#masks/{{name}}")
    found = errors(data, place)
    assert list(found) == ["link.png", "up.png"]
    assert "a link to '/etc/passwd'" in found["link.png"]
    assert "'../images/up.png'" in found["up.png"]
    assert ledger(load(data, place).left_out)[0][3] == "unreadable image"
    assert [sample.image for sample in load(data, place).samples] == ["a.png"]


def test_changed_pixels_in_an_archive_are_an_error_of_that_image_alone(place):
    """The checksum in the list does not fit."""
    archive = packed(place / "set.zip", pictures(place / "plain"))
    stored = (place / "plain/images/b.png").read_bytes()
    with zipfile.ZipFile(archive, "w") as stored_as_they_are:
        for file in sorted((place / "plain").rglob("*.png")):
            stored_as_they_are.write(file, file.relative_to(place / "plain"))
    content = bytearray(archive.read_bytes())
    content[content.index(stored) + len(stored) - 20] ^= 1
    archive.write_bytes(content)
    data = dataset(place, images=f"{archive}#images/*.png", masks=f"{archive}#masks/{{name}}")
    assert list(errors(data, place)) == ["b.png"]
    assert chunks(data, discover(data), 8, InputCache(place / "cache", 1 << 30), None, MAX_PX)


def test_a_header_beside_its_values_is_read_from_an_archive(place):
    """MetaImage's .mhd names its .raw."""
    folder = Path(place / "plain")
    folder.mkdir()
    (folder / "a.raw").write_bytes(numbered().tobytes())
    (folder / "a.mhd").write_text(
        "ObjectType = Image\nNDims = 3\nDimSize = 6 5 4\nElementType = MET_SHORT\nElementDataFile = a.raw\n"
    )
    archive = packed(place / "set.zip", folder)
    data = dataset(place, images=f"{archive}#*.mhd", masks="{image}", tasks={"high": {"above": 100}})
    (source,) = discover(data)
    assert [file.address.rpartition("/")[2] for file in source.file.files] == ["a.mhd", "a.raw"]
    assert [sample.slice for sample in load(data, place).samples] == [3]


def test_nothing_is_listed_for_an_archive_that_is_not_there(place):
    """The fault says that the archive is missing."""
    assert discover(dataset(place, images=f"{place}/none.zip#*.png", masks="{image}")) == ()
    assert "there is no" in storage.why_nothing_matches(f"{place}/none.zip#")


def test_a_zip_archive_in_the_place_of_an_image_says_how_files_in_it_are_named(place):
    """It is no NumPy archive, whatever its first bytes."""
    packed(place / "x.zip", pictures(place / "data"))
    (line,) = load(dataset(place, images=f"{place}/x.zip", masks=f"{place}/data/masks/a.png"), place).left_out
    assert "without NumPy arrays; name files in it after `#`" in line.detail
