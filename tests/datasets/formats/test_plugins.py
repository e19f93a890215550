"""Formats of volumes of other packages, by their entry points."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from job.datasets.discover import discover
from job.datasets.formats import plugins
from job.errors import JobError
from job.plan.chunks import chunks
from job.storage import InputCache
from tests.datasets.formats.own import own_format
from tests.datasets.make import MAX_PX, dataset, load


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Return a function that installs a package with an entry point, as pip lays it out."""

    def installed(module, version="1.0"):
        folder = tmp_path / f"site{version}"
        info = folder / f"own_format-{version}.dist-info"
        info.mkdir(parents=True)
        (folder / f"{module}.py").write_bytes(Path(own_format.__file__).read_bytes())
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: own-format\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[medsam_job.formats]\nown = {module}\n")
        monkeypatch.syspath_prepend(folder)
        plugins.plugins.cache_clear()
        return folder / f"{module}.py"

    yield installed
    plugins.plugins.cache_clear()


def study(folder):
    """Return a data set of one volume of that format, whose mask has one voxel."""
    for name, values in (("images", np.arange(24)), ("masks", np.arange(24) == 7)):
        (folder / name).mkdir()
        own_format.write(folder / name / "a.own", values.reshape(2, 3, 4), np.eye(4))
    return dataset(folder, images=f"{folder}/images/*.own")


def test_a_format_of_another_package_is_read_as_our_own(tmp_path, install):
    """Found by its ending, with no line in the spec."""
    install("own_format_1")
    (sample,) = load(study(tmp_path), tmp_path).samples
    assert (sample.image, sample.axis) == ("a.own", "axial")
    assert int(sample.objects[0].truth_HW.sum()) == 1


@pytest.mark.parametrize("function", ["read_header", "read_values"])
def test_whatever_it_raises_is_in_the_ledger(tmp_path, install, function):
    """With the package: its reader may meet a file that it was not written for."""
    with install(f"own_format_of_{function}").open("a") as module:
        module.write(f"\n\ndef {function}(file):\n    return file.missing\n")
    loaded = load(study(tmp_path), tmp_path)
    assert (loaded.samples, {line.kind for line in loaded.left_out}) == ([], {"error"})
    assert all("the format own of own-format 1.0 raised AttributeError" in line.detail for line in loaded.left_out)


REPLACED = "def read_header(file, read=read_header):\n    return replace(read(file), {})\n"
"""The format's header with one part replaced."""
RETURNED = {
    "no header": ("def read_header(file):\n    return {}\n", "read_header", "expected a StoredHeader, got dict"),
    "a shape of two axes": (REPLACED.format("shape=(2, 3)"), "read_header", "shape: expected three positive integers"),
    "a shape below zero": (REPLACED.format("shape=(2, -3, 4)"), "read_header", "shape: expected three positive"),
    "a small affine": (REPLACED.format("affine=np.eye(3)"), "read_header", "affine: .* 4 x 4 numbers, got 3 x 3 of"),
    "a list as affine": (REPLACED.format("affine=[[1]]"), "read_header", "affine: .* got list"),
    "a spacing that is no number": (
        REPLACED.format("spacing_mm=(1, 1, np.nan)"),
        "read_header",
        "spacing_mm: expected",
    ),
    "a spacing below zero": (
        REPLACED.format("spacing_mm=(1, 1, -1)"),
        "read_header",
        "spacing_mm: expected three posit",
    ),
    "values of no byte": (REPLACED.format("value_bytes=0"), "read_header", "value_bytes: expected a positive integer"),
    "a list of values": ("def read_values(file):\n    return [1]\n", "read_values", "three axes of numbers, got list"),
    "values of two axes": (
        "def read_values(file):\n    return np.zeros((2, 3))\n",
        "read_values",
        "three axes of numbers, got 2 x 3 of float64",
    ),
    "complex values": (
        "def read_values(file):\n    return np.zeros((2, 3, 4), complex)\n",
        "read_values",
        "three axes of numbers, got 2 x 3 x 4 of complex128",
    ),
}


@pytest.mark.parametrize(("code", "function", "message"), RETURNED.values(), ids=RETURNED)
def test_what_it_returns_must_be_what_a_format_returns(tmp_path, install, request, code, function, message):
    """A line of the ledger names the function, the package, what was expected and what came."""
    with install("own_format_that_returns" + re.sub("[^a-z]", "_", request.node.name)).open("a") as module:
        module.write(f"\n\nfrom dataclasses import replace\n\n{code}")
    loaded = load(study(tmp_path), tmp_path)
    assert (loaded.samples, {line.kind for line in loaded.left_out}) == ([], {"error"})
    expected = f"{function} of the format own of own-format 1.0: .*{message}.*; mend or update the package"
    assert all(re.search(expected, line.detail) for line in loaded.left_out)


def test_values_of_another_shape_than_the_header_states_are_an_error(tmp_path, install):
    """As many of them, with their axes the other way round: each would be another voxel."""
    with install("own_format_turned").open("a") as module:
        module.write("\n\ndef read_values(file, read=read_values):\n    return read(file).T\n")
    loaded = load(study(tmp_path), tmp_path)
    assert loaded.samples == []
    assert all("holds 4 x 3 x 2 voxels, its header states 2 x 3 x 4" in line.detail for line in loaded.left_out)


def test_its_version_is_part_of_the_names_of_chunks(tmp_path, install):
    """So that results of an older reader are not taken for those of a newer one."""
    data, names = study(tmp_path), set()
    for version in ("1.0", "1.1"):
        install(f"own_format_{version[-1]}", version)
        (chunk,) = chunks(data, discover(data), 64, InputCache(None, 0), None, MAX_PX)
        names.add(chunk.name)
    assert len(names) == 2


@pytest.mark.parametrize(
    ("code", "message"), [("1 / 0", "cannot be imported: division by zero"), ("ENDINGS = ('own',)", "is incomplete")]
)
def test_a_package_that_cannot_be_used_is_named(tmp_path, install, code, message):
    """With its entry point, and what was expected."""
    install(f"own_format_{len(message)}").write_text(code)
    with pytest.raises(JobError, match=f"the format own of the package own-format {message}"):
        discover(study(tmp_path))


def test_a_package_that_gets_no_memory_is_not_blamed(tmp_path, install):
    """Another machine may import it."""
    install("own_format_without_memory").write_text("raise MemoryError")
    with pytest.raises(MemoryError):
        discover(study(tmp_path))


def test_the_format_in_the_docs_is_the_one_that_is_tested():
    """Its code stands in docs/own-format.md, indented."""
    documented = Path("docs/own-format.md").read_text()
    code = Path(own_format.__file__).read_text().partition("\n\ndef write(")[0].rstrip()
    assert textwrap.indent(code, "    ") in documented
