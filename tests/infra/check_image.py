"""The image as clusters run it: uid 10001, read-only, no rights, no network. Run by `make image-test`."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.podman import (
    IMAGE,
    OFFLINE,
    RESTRICTED,
    ROOT,
    docker_socket,
    exit_code,
    in_image,
    podman,
    reaching,
    started,
    wait_until,
)
from tests.infra.studies import small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder that uid 10001 may write."""
    folder = tmp_path_factory.mktemp("results")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def first_run(results):
    """The embedded study, whole."""
    return in_image("specs/quickstart.yaml", options=[OFFLINE, f"--volume={results}:/app/results"])


@pytest.fixture
def study(tmp_path):
    """A way to write a study, with its folder; gives the options that mount it."""
    tmp_path.chmod(0o755)

    def write(**changes):
        (tmp_path / "study.yaml").write_text(small_study(**{"patients": 4, "output": "/app/results/small", **changes}))
        return [f"--volume={tmp_path}:/study:ro"]

    return write


def the_only_line(done):
    """What a user is told who can mend it: code 2, and one line."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_the_image_is_what_the_manifests_expect(tmp_path):
    """container-structure-test finds user, entry point, labels and files in place, and nothing left of the build."""
    command = [Path(sys.executable).with_name("container-structure-test"), "test", "--image", IMAGE]
    with docker_socket(tmp_path) as environment:
        done = subprocess.run(
            [*command, "--config", ROOT / "tests/infra/structure.yaml"],
            capture_output=True, check=False, text=True, env=environment,
        )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_embedded_study_runs_without_network(first_run, results):
    """The first command of the README ends with 0, and its summary lies in the volume."""
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    assert (results / "quickstart/summary").is_dir()


def test_without_a_gpu_the_log_says_so(first_run):
    """`device: auto` falls back to the processor, and tells."""
    assert "running on the CPU" in first_run.stderr


def test_the_program_is_user_10001(first_run, results):
    """What it writes is owned by the user that the manifests name."""
    assert {path.stat().st_uid for path in (results / "quickstart/iou").iterdir()} == {10001}


def test_a_second_run_finds_nothing_to_do(first_run, results):
    """Results outlive the container, and are known again."""
    again = in_image("specs/quickstart.yaml", options=[OFFLINE, f"--volume={results}:/app/results"])
    assert again.returncode == 0
    assert "nothing to do" in again.stderr


def test_a_spec_of_ones_own_is_mounted(study, tmp_path):
    """A folder in place of /app/specs brings other studies."""
    study()
    found = in_image("plan", "specs/study.yaml", "--format", "json", options=[OFFLINE, f"-v={tmp_path}:/app/specs:ro"])
    assert json.loads(found.stdout)["study"] == "first-run", found.stderr


def test_sigterm_reaches_the_program_and_the_study_goes_on(study, results):
    """There is no shell between: a container that is asked to stop ends with 143; the next one does what is left."""
    options = [OFFLINE, f"--volume={results}:/app/results", *study(output="/app/results/stopped")]

    def stored():
        return len(list((results / "stopped/iou").glob("*.parquet")))

    with started("/study/study.yaml", "--grace", 60, options=options) as name:
        wait_until(lambda: stored(), name)
        podman("kill", "--signal=TERM", name)
        assert exit_code(name) == 143
    before = stored()
    again = in_image("/study/study.yaml", options=options)
    assert again.returncode == 0, again.stderr
    assert stored() > before


def test_a_missing_spec_ends_with_2():
    """The code reaches the one who runs the container."""
    assert "specs/none.yaml" in the_only_line(in_image("specs/none.yaml"))


def test_a_gpu_that_is_not_there_ends_with_2(study, results):
    """`device: cuda` does not fall back to the processor."""
    options = [OFFLINE, f"--volume={results}:/app/results", *study(device="cuda")]
    assert "cuda" in the_only_line(in_image("/study/study.yaml", options=options))


def test_output_that_cannot_be_written_ends_with_2():
    """Without a volume the root file system is the output, and that is read-only."""
    assert "Read-only file system" in the_only_line(in_image("specs/quickstart.yaml", "--limit", 1))


def test_a_full_disk_ends_with_2(study):
    """A volume of 64 kB does not hold the results."""
    options = [OFFLINE, "--tmpfs=/small:rw,size=64k,mode=1777", *study(output="/small/study")]
    assert "No space left on device" in the_only_line(in_image("/study/study.yaml", options=options))


def test_wrong_credentials_end_with_2(study, s3_server: Server):  # noqa: F811
    """A key that the store does not take is said in one line, without the key."""
    wrong = "--env=AWS_SECRET_ACCESS_KEY=not-the-secret"
    options = [*reaching(s3_server), wrong, *study(output="s3://study/denied")]
    told = the_only_line(in_image("/study/study.yaml", options=options))
    assert "s3://study/denied" in told
    assert "not-the-secret" not in told


def test_nothing_of_the_build_machine_is_in_it():
    """No configuration of package indexes is left in the image."""
    script = "from pathlib import Path as P; p = P('/etc/pip.conf'); print(p.exists() and p.stat().st_size > 0)"
    done = podman("run", "--rm", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    assert done.stdout.split() == ["False"], done.stderr


def test_the_program_in_it_is_the_one_that_lies_here():
    """No builder's cache has kept an older program."""
    script = "import hashlib, pathlib, job; at = pathlib.Path(job.__file__).parent; "
    script += "print(*sorted(f'{p.relative_to(at)}={hashlib.sha256(p.read_bytes()).hexdigest()}' "
    script += "for p in at.rglob('*') if p.suffix in ('.py', '.sql')), sep='\\n')"
    done = podman("run", "--rm", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    here = ROOT / "job"
    assert done.stdout.split() == sorted(
        f"{path.relative_to(here)}={hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in here.rglob("*")
        if path.suffix in (".py", ".sql")
    )
