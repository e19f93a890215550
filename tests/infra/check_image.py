"""The image as clusters run it: uid 10001, read-only, no rights, no network. Run by `make image-test`."""

import hashlib
import json
import subprocess
import time
from pathlib import Path

import pytest

IMAGE = "localhost/medsam-job"
ROOT = Path(__file__).parents[2]
RESTRICTED = [
    "--rm", "--read-only", "--read-only-tmpfs=false", "--tmpfs=/tmp:rw,size=1g", "--cap-drop=ALL",
    "--security-opt=no-new-privileges", "--network=none",
]  # fmt: skip
START_SECONDS = 120


def podman(*arguments):
    """Run podman and give what came of it."""
    return subprocess.run(["podman", *map(str, arguments)], capture_output=True, check=False, text=True)


def in_image(*arguments, options=()):
    """Run the program as clusters do."""
    return podman("run", *RESTRICTED, *options, IMAGE, *arguments)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A folder that uid 10001 may write."""
    folder = tmp_path_factory.mktemp("results")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def first_run(results):
    """The embedded study, in small."""
    return in_image("specs/quickstart.yaml", "--limit", 1, options=[f"--volume={results}:/app/results"])


@pytest.fixture
def study(tmp_path):
    """A study of generated images that lasts for minutes, with its folder; the text is for each test to change."""
    tmp_path.chmod(0o755)
    text = (ROOT / "infra/kubernetes/base/study.yaml").read_text().replace("${RESULTS}", "/app/results")
    (tmp_path / "study.yaml").write_text(text)
    return tmp_path / "study.yaml"


def test_the_embedded_study_runs_without_network(first_run, results):
    """The first command of the README ends with 0, and its summary lies in the volume."""
    assert first_run.returncode == 0, first_run.stdout + first_run.stderr
    assert (results / "quickstart/summary").is_dir()


def test_the_program_is_user_10001(first_run, results):
    """What it writes is owned by the user that the manifests name."""
    assert {path.stat().st_uid for path in (results / "quickstart/iou").iterdir()} == {10001}


def test_a_second_run_finds_nothing_to_do(first_run, results):
    """Results outlive the container, and are known again."""
    again = in_image("specs/quickstart.yaml", "--limit", 1, options=[f"--volume={results}:/app/results"])
    assert again.returncode == 0
    assert "nothing to do" in again.stderr


def test_a_spec_of_ones_own_is_mounted(study):
    """A folder in place of /app/specs brings other studies."""
    done = in_image("schema", options=[f"--volume={study.parent}:/app/specs:ro"])
    assert done.returncode == 0
    found = in_image("plan", "specs/study.yaml", "--format", "json", options=[f"--volume={study.parent}:/app/specs:ro"])
    assert json.loads(found.stdout)["study"] == "first-run", found.stderr


def test_a_missing_spec_ends_with_2():
    """The code reaches the one who runs the container."""
    done = in_image("specs/none.yaml")
    assert done.returncode == 2
    assert "specs/none.yaml" in done.stderr


def test_a_gpu_that_is_not_there_ends_with_2(study, results):
    """`device: cuda` does not fall back to the processor."""
    study.write_text(study.read_text().replace("device: auto", "device: cuda"))
    options = [f"--volume={study.parent}:/study:ro", f"--volume={results}:/app/results"]
    done = in_image("/study/study.yaml", options=options)
    assert done.returncode == 2, done.stderr
    assert "cuda" in done.stderr


def test_output_that_cannot_be_written_ends_with_2():
    """Without a volume the root file system is the output, and that is read-only."""
    done = in_image("specs/quickstart.yaml", "--limit", 1)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("index", "count"),
    [("JOB_COMPLETION_INDEX", "MEDSAM_JOB_SHARDS"), ("AWS_BATCH_JOB_ARRAY_INDEX", "AWS_BATCH_JOB_ARRAY_SIZE")],
)
def test_the_cluster_names_the_shard(study, results, index, count):
    """Index and number come from the environment, as each cluster gives them; a shard predicts only."""
    options = [f"--volume={study.parent}:/study:ro", f"--volume={results}:/app/results"]
    options += [f"--env={index}=2", f"--env={count}=3"]
    done = in_image("/study/study.yaml", "--only", "predict", "--limit", 1, options=options)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stderr.splitlines()[-1])
    assert (told["shard"], told["shards"]) == (2, 3)
    assert not (results / "first-run/summary").exists()


def test_sigterm_reaches_the_program(study, results):
    """There is no shell between: a container that is asked to stop ends with 143."""
    name = f"stopped-{time.monotonic_ns()}"
    options = ["--detach", f"--name={name}", f"--volume={study.parent}:/study:ro", f"--volume={results}:/app/results"]
    kept = [option for option in RESTRICTED if option != "--rm"]
    started = podman("run", *kept, *options, IMAGE, "/study/study.yaml", "--grace", 5)
    assert started.returncode == 0, started.stderr
    try:
        deadline = time.monotonic() + START_SECONDS
        while "running on" not in podman("logs", name).stderr and time.monotonic() < deadline:
            time.sleep(0.5)
        podman("kill", "--signal=TERM", name)
        assert podman("wait", name).stdout.strip() == "143", podman("logs", name).stderr
    finally:
        podman("rm", "--force", name)


def test_nothing_of_the_build_machine_is_in_it():
    """No configuration of package indexes, and no builder, is left in the image."""
    script = "from pathlib import Path as P; p = P('/etc/pip.conf'); print(p.exists() and p.stat().st_size > 0); "
    script += "print(P('/opt/builder').exists())"
    done = podman("run", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    assert done.stdout.split() == ["False", "False"], done.stderr


def test_its_labels_say_what_it_is():
    """Title, licence, version and revision, by the names of OCI."""
    labels = json.loads(podman("image", "inspect", "--format", "{{json .Labels}}", IMAGE).stdout)
    assert labels["org.opencontainers.image.title"] == "medsam-job"
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert {"org.opencontainers.image.version", "org.opencontainers.image.revision"} <= labels.keys()


def test_the_program_in_it_is_the_one_that_lies_here():
    """No builder's cache has kept an older program."""
    script = "import hashlib, pathlib, job; at = pathlib.Path(job.__file__).parent; "
    script += "print(*sorted(f'{p.relative_to(at)}={hashlib.sha256(p.read_bytes()).hexdigest()}' "
    script += "for p in at.rglob('*') if p.suffix in ('.py', '.sql')), sep='\\n')"
    done = podman("run", *RESTRICTED, "--entrypoint=/opt/medsam-job/bin/python", IMAGE, "-c", script)
    here = ROOT / "job"
    assert done.stdout.split() == sorted(
        f"{path.relative_to(here)}={hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in here.rglob("*")
        if path.suffix in (".py", ".sql")
    )
