"""The image works as clusters run it: uid 10001, read-only, no privileges, no network. Run by `make image-test`."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.engine import (
    ENGINE,
    IMAGE,
    OFFLINE,
    RESTRICTED,
    ROOT,
    docker_socket,
    engine,
    exit_code,
    in_image,
    reaching,
    started,
    wait_until,
)
from tests.infra.studies import TINY, small_study
from tests.integration.s3_server import Server, s3_server  # noqa: F401 - a fixture


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder that uid 10001 may write to."""
    folder = tmp_path_factory.mktemp("results")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def first_run(results):
    """The completed process of a container that ran the embedded study."""
    return in_image("specs/quickstart.yaml", options=[OFFLINE, f"--volume={results}:/app/results"])


@pytest.fixture
def study(tmp_path):
    """A function that writes a study and returns the options that mount its folder."""
    tmp_path.chmod(0o755)

    def write(**changes):
        (tmp_path / "study.yaml").write_text(small_study(**{"patients": 4, "output": "/app/results/small", **changes}))
        return [f"--volume={tmp_path}:/study:ro"]

    return write


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The options that mount a small study, which writes to the image's default folder for results."""
    folder = tmp_path_factory.mktemp("small")
    folder.chmod(0o755)
    (folder / "study.yaml").write_text(TINY)
    return [OFFLINE, f"--volume={folder}:/study:ro"]


def the_fault(process, code=2):
    """Return the last line of standard error of a process that ended with this code and no traceback."""
    assert process.returncode == code, process.stderr
    assert "Traceback" not in process.stderr
    return process.stderr.strip().splitlines()[-1]


def test_the_image_has_the_structure_that_the_manifests_expect(tmp_path):
    """container-structure-test finds user, entry point, labels and files, and no build tools."""
    command = [Path(sys.executable).with_name("container-structure-test"), "test", "--image", IMAGE]
    with docker_socket(tmp_path) as environment:
        process = subprocess.run(
            [*command, "--config", ROOT / "tests/infra/structure.yaml"],
            capture_output=True, check=False, text=True, env=environment,
        )  # fmt: skip
    assert process.returncode == 0, process.stdout + process.stderr


def test_the_embedded_study_runs_without_network(first_run, results):
    """The embedded study ends with 0, and its summary is in the volume."""
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    assert (results / "quickstart/summary").is_dir()


def test_the_log_reports_a_missing_gpu(first_run):
    """`device: auto` uses the CPU, with a warning."""
    assert "running on the CPU" in first_run.stderr


def test_the_program_is_user_10001(first_run, results):
    """The files that it writes belong to the user of the manifests."""
    assert {path.stat().st_uid for path in (results / "quickstart/iou").iterdir()} == {10001}


def test_a_second_run_finds_nothing_to_do(first_run, results):
    """The results in the volume are recognised by the next container."""
    again = in_image("specs/quickstart.yaml", options=[OFFLINE, f"--volume={results}:/app/results"])
    assert again.returncode == 0
    assert "nothing to do" in again.stderr


def test_the_image_alone_prints_the_help():
    """With exit code 0 or that of a missing command."""
    process = in_image()
    assert "Usage: medsam-job" in process.stdout + process.stderr


def test_a_user_of_the_machine_owns_the_results(small, tmp_path):
    """`--user "$(id -u):$(id -g)"`, with a uid that the image does not know and a folder of that user."""
    os.chown(tmp_path, 1234, 1234)
    process = in_image("/study/study.yaml", options=[*small, "--user=1234:1234", f"--volume={tmp_path}:/app/results"])
    assert process.returncode == 0, process.stderr
    assert {path.stat().st_uid for path in tmp_path.rglob("*")} == {1234}
    assert "are lost" not in process.stdout + process.stderr


def test_results_that_are_not_mounted_are_warned_of_twice(small):
    """On standard error before the work, and as the last line."""
    process = engine("run", "--rm", *small, IMAGE, "/study/study.yaml")
    assert process.returncode == 0, process.stderr
    assert process.stderr.startswith("The results lie in this container alone, in /app/results/tiny")
    assert process.stdout.splitlines()[-1].startswith("The results lie in this container alone")


def test_a_folder_of_another_user_is_refused_with_the_way_out(small, tmp_path):
    """What Docker makes of a folder that is missing: root's."""
    tmp_path.chmod(0o755)
    options = [*small, "--user=1234:1234", f"--volume={tmp_path}:/app/results"]
    assert 'docker run --user "$(id -u):$(id -g)"' in the_fault(in_image("/study/study.yaml", options=options))


def test_a_read_only_container_without_a_temporary_folder_says_what_to_add(small):
    """`--tmpfs /tmp`."""
    process = engine("run", "--rm", "--read-only", *(RESTRICTED[1:2] if ENGINE == "podman" else []), *small, IMAGE,
                     "/study/study.yaml")  # fmt: skip
    assert "add --tmpfs /tmp" in the_fault(process)


def test_a_folder_of_specs_can_be_mounted(study, tmp_path):
    """A folder that is mounted at /app/specs replaces the image's specs."""
    study()
    process = in_image(
        "plan", "specs/study.yaml", "--format", "json", options=[OFFLINE, f"-v={tmp_path}:/app/specs:ro"]
    )
    assert json.loads(process.stdout)["study"] == "first-run", process.stderr


def test_a_stopped_container_ends_with_143_and_the_next_one_resumes(study, results):
    """No shell intercepts SIGTERM. The next container runs the parts that are left."""
    options = [OFFLINE, f"--volume={results}:/app/results", *study(output="/app/results/stopped")]

    def stored():
        return len(list((results / "stopped/iou").glob("*.parquet")))

    with started("/study/study.yaml", "--grace", 60, options=options) as name:
        wait_until(lambda: stored(), name)
        engine("kill", "--signal=TERM", name)
        assert exit_code(name) == 143
    before = stored()
    again = in_image("/study/study.yaml", options=options)
    assert again.returncode == 0, again.stderr
    assert stored() > before


def test_a_missing_spec_ends_with_2():
    """The program's exit code is the container's."""
    assert "specs/none.yaml" in the_fault(in_image("specs/none.yaml"))


def test_a_missing_gpu_ends_with_4(study, results):
    """`device: cuda` does not fall back to the CPU. Another machine may have a GPU."""
    options = [OFFLINE, f"--volume={results}:/app/results", *study(device="cuda")]
    assert "cuda" in the_fault(in_image("/study/study.yaml", options=options), code=4)


def test_a_gpu_that_cannot_be_used_ends_with_4(study, results):
    """`device: auto` does not ignore a GPU that was asked for. The line names what torch needs."""
    options = [OFFLINE, f"--volume={results}:/app/results", *study(device="auto"), "--env=CUDA_VISIBLE_DEVICES=0"]
    assert "driver 580 or later" in the_fault(in_image("/study/study.yaml", options=options), code=4)


def test_output_that_cannot_be_written_ends_with_2():
    """Without a volume, the output is on the root file system, which is read-only."""
    assert "Read-only file system" in the_fault(in_image("specs/quickstart.yaml", "--limit", 1))


def test_a_full_disk_ends_with_4(study):
    """A volume of 64 kB is too small for the results."""
    options = [OFFLINE, "--tmpfs=/small:rw,size=64k,mode=1777", *study(output="/small/study")]
    assert "No space left on device" in the_fault(in_image("/study/study.yaml", options=options), code=4)


def test_wrong_credentials_end_with_2(study, s3_server: Server):  # noqa: F811
    """A key that the store refuses is reported in one line, without the key."""
    wrong = "--env=AWS_SECRET_ACCESS_KEY=not-the-secret"
    options = [*reaching(s3_server), wrong, *study(output="s3://study/denied")]
    fault = the_fault(in_image("/study/study.yaml", options=options))
    assert "s3://study/denied" in fault
    assert "not-the-secret" not in fault


@pytest.mark.parametrize("name", ["Sam2", "EdgeTam", "Sam3Tracker", "SamHQ"])
def test_the_networks_of_the_hub_can_be_imported(name):
    """Of all others, the image has no code."""
    code = f"import transformers; transformers.{name}Config(); print(transformers.{name}Model.__name__)"
    process = engine("run", "--rm", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", code)
    assert process.stdout.split() == [f"{name}Model"], process.stderr


def test_the_image_has_no_configuration_of_the_build_machine():
    """The image contains no pip configuration, which could name package indexes."""
    script = "from pathlib import Path as P; p = P('/etc/pip.conf'); print(p.exists() and p.stat().st_size > 0)"
    process = engine("run", "--rm", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    assert process.stdout.split() == ["False"], process.stderr


def test_the_image_contains_the_current_code():
    """The hashes of its Python and SQL files equal those of the checkout: no build cache kept an older program."""
    script = "import hashlib, pathlib, job; at = pathlib.Path(job.__file__).parent; "
    script += "print(*sorted(f'{p.relative_to(at)}={hashlib.sha256(p.read_bytes()).hexdigest()}' "
    script += "for p in at.rglob('*') if p.suffix in ('.py', '.sql')), sep='\\n')"
    process = engine("run", "--rm", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    source = ROOT / "job"
    assert process.stdout.split() == sorted(
        f"{path.relative_to(source)}={hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in source.rglob("*")
        if path.suffix in (".py", ".sql")
    )
