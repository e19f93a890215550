"""What a newcomer with Docker meets: no toolkit for GPUs, compose.yaml, the slim image. Run by `make image-test`."""

import json
import subprocess

import pytest

from tests.infra.engine import IMAGE, OFFLINE, RESTRICTED, ROOT, engine
from tests.infra.studies import TINY

SLIM = f"{IMAGE}:slim"
SLIM_BYTES = 1_150_000_000
FULL_BYTES = 5_620_000_000
COMPOSE = ["compose", "--file", ROOT / "compose.yaml"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A folder with a small study, and with its results once the full image has predicted."""
    folder = tmp_path_factory.mktemp("study")
    folder.chmod(0o777)
    (folder / "study.yaml").write_text(TINY)
    process = engine(
        "run", "--rm", *RESTRICTED, OFFLINE, "--user=0:0", f"--volume={folder}:/study", "--env=RESULTS=/study", IMAGE,
        "/study/study.yaml", "--only", "predict",
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return folder


def slim(study, *arguments):
    """Run the slim image with the study's folder."""
    options = [*RESTRICTED, OFFLINE, "--user=0:0", f"--volume={study}:/study", "--env=RESULTS=/study"]
    return engine("run", "--rm", *options, SLIM, *arguments)


@pytest.mark.parametrize("arguments", [
    ["/study/study.yaml", "--only", "statistics"], ["report", "/study/tiny"], ["verify", "/study/tiny"],
    ["sql", "/study/tiny", "SELECT model, iou FROM iou"], ["validate", "/study/study.yaml"],
    ["plan", "/study/study.yaml"],
], ids=lambda words: words[0].replace("/study/study.yaml", "gather"))  # fmt: skip
def test_the_slim_image_does_all_but_predict(study, arguments):
    """From stored parts to the report, without torch."""
    process = slim(study, *arguments)
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_slim_image_says_that_it_cannot_predict(study):
    """In a line."""
    process = slim(study, "/study/study.yaml", "--output", "/study/other")
    assert process.returncode == 2
    assert process.stderr.splitlines()[-1].startswith("torch is not installed here")


@pytest.mark.parametrize(("image", "most"), [(SLIM, SLIM_BYTES), (IMAGE, FULL_BYTES)])
def test_an_image_has_grown_by_no_more_than_is_known(image, most):
    """Unpacked, with the stand-in for the base, which has 0.14 GB more than the official one."""
    assert int(engine("image", "inspect", "--format", "{{.Size}}", image).stdout) < most


def test_without_nvidias_toolkit_docker_says_so():
    """Before the program starts; docs/deploy.md has the line and what to do."""
    process = engine("run", "--rm", "--gpus", "all", IMAGE, "--version")
    assert process.returncode == 125
    assert 'could not select device driver "" with capabilities: [[gpu]]' in process.stderr


def test_a_study_over_object_storage_runs_by_compose(study):
    """Two commands: the study, whose store starts with it, and the report."""
    if engine("compose", "version").returncode:
        pytest.fail("docker compose is needed: install Docker's plugin for it")
    try:
        ran = engine(*COMPOSE, "run", "--rm", f"--volume={study}:/mine:ro", "study", "/mine/study.yaml")
        assert ran.returncode == 0, ran.stderr
        report = engine(*COMPOSE, "run", "--rm", "-T", "report", "tiny")
        assert report.stdout.startswith("<!doctype html>"), report.stderr
    finally:
        engine(*COMPOSE, "down", "--volumes")


def test_compose_restricts_what_it_runs():
    """As Docker renders the file."""
    rendered = subprocess.run(
        ["docker", *COMPOSE, "config", "--format", "json"], capture_output=True, check=True, text=True
    )
    study = json.loads(rendered.stdout)["services"]["study"]
    assert (study["read_only"], study["cap_drop"], study["tmpfs"]) == (True, ["ALL"], ["/tmp"])  # noqa: S108
