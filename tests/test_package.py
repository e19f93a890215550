"""What users install: the wheel is complete, the sdist makes the same wheel, and its program needs no checkout."""

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from job import __version__
from tests.cases import medsam_job, use_fake_models

ROOT = Path(__file__).parents[1]
LARGEST_STRAY = 1_000_000


def build(kind, source, folder):
    """Return the `wheel` or `sdist` that the build backend makes from a folder."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory", folder]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (made,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this tree."""
    return build("wheel", ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory):
    """The unpacked sdist of this tree."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build("sdist", ROOT, folder)) as archive:
        archive.extractall(folder, filter="data")
    (unpacked,) = (path for path in folder.iterdir() if path.is_dir())
    return unpacked


def unpack(wheel, folder):
    """Install a wheel into a folder; that of a pure package is its files."""
    with ZipFile(wheel) as archive:
        for name in archive.namelist():
            archive.extract(name, folder)


def files(folder):
    """Return the names of the files in a folder of the tree, as paths from its root."""
    paths = (ROOT / folder).rglob("*")
    return {str(path.relative_to(ROOT)) for path in paths if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_has_the_whole_package_and_the_specs_and_nothing_else(wheel):
    """Weights, fonts, templates and SQL too, because they lie in the package."""
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert names == files("job") | {f"job/{name}" for name in files("specs")}


@pytest.mark.parametrize("ending", [".safetensors", ".ttf", ".j2", ".css", ".js", ".sql", ".csv", ".yaml"])
def test_the_wheel_has_files_of_each_kind_that_the_program_reads(wheel, ending):
    """A folder that moves out of the package would be missed here."""
    assert any(name.endswith(ending) for name in ZipFile(wheel).namelist())


def test_the_sdist_makes_the_same_wheel(wheel, sdist, tmp_path):
    """Byte for byte."""
    assert build("wheel", sdist, tmp_path).read_bytes() == wheel.read_bytes()


def test_the_sdist_has_no_large_file_but_the_weights(sdist):
    """No results, no environment and no data set has strayed into it."""
    large = [path for path in sdist.rglob("*") if path.is_file() and path.stat().st_size > LARGEST_STRAY]
    assert {path.suffix for path in large} == {".safetensors"}


def test_the_wheel_alone_validates_its_study(wheel, tmp_path):
    """From a folder without specs/, and without the checkout that the tests run in."""
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    unpack(wheel, installed)
    command = [sys.executable, "-P", "-m", "job", "validate", "package://job/specs/quickstart.yaml"]
    environment = os.environ | {"PYTHONPATH": str(installed)}
    process = subprocess.run(command, cwd=elsewhere, env=environment, capture_output=True, check=False, text=True)
    assert (process.returncode, process.stdout.splitlines()[-1]) == (0, "the spec is sound"), process.stderr


def test_the_wheel_alone_finds_the_study_of_the_demo(wheel, tmp_path):
    """In the package, where a checkout has it beside the package."""
    unpack(wheel, tmp_path)
    command = [sys.executable, "-P", "-c", "from job.cli.demo import quickstart; print(quickstart())"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True, text=True).stdout
    assert found.strip() == str(tmp_path / "job/specs/quickstart.yaml")


def test_the_demo_writes_into_the_working_folder(monkeypatch, tmp_path, capfd):
    """With a report beside its tables, and without a word about a spec."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert medsam_job(monkeypatch, "demo", "--limit", "1") == 0
    assert (tmp_path / "results/quickstart/report.html").exists()
    assert "Everything lies in results/quickstart" in capfd.readouterr().out


def test_package_program_and_citation_have_the_same_version():
    """A manifest states the program's version, and a citation names what was used."""
    (package,) = re.findall(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert __version__ == package
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == package
