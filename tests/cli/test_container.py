"""Results that would be lost with their container are warned of, before the work and after it."""

import subprocess
import sys

import pytest

from job.cli.container import not_kept
from tests.cases import GENERATED, medsam_job, use_fake_models, write_generated

INSIDE = {"MEDSAM_JOB_CONTAINER": "1"}
DOCKER = """\
700 600 0:52 / / rw,relatime master:1 - overlay overlay rw,lowerdir=/a:/b,upperdir=/c
701 700 0:54 / /proc rw,nosuid - proc proc rw
702 700 254:0 /me/results /app/results rw,relatime - ext4 /dev/vda rw
703 700 254:0 /my\\040data /my\\040data rw,relatime - ext4 /dev/vda rw
704 700 0:60 / /tmp rw,nosuid - tmpfs tmpfs rw,size=1g
705 700 0:61 / /mnt/nfs rw - nfs4 server:/export rw
"""


@pytest.mark.parametrize(
    "output", ["/app/results/study", "/app/results", "/my data/study", "/mnt/nfs/study", "s3://b/r"]
)
def test_results_on_a_mount_or_in_a_store_are_kept(output):
    """There is nothing to warn of."""
    assert not_kept(output, INSIDE, DOCKER) is None


def test_results_in_the_containers_own_files_are_lost():
    """The warning says where they lie, when they go, and how the next run keeps them."""
    assert not_kept("/app/out/study", INSIDE, DOCKER) == (
        "The results lie in this container alone, in /app/out/study, and are lost when it is removed (at its end, with "
        '--rm). To keep them, mount a folder of this machine: -v "$PWD/results:/app/out/study"'
    )


def test_the_default_folder_for_results_is_mounted_as_a_whole():
    """One mount then serves every study."""
    unmounted = DOCKER.replace("/app/results", "/elsewhere")
    warning = not_kept("/app/results/quickstart", INSIDE, unmounted)
    assert warning is not None
    assert warning.endswith('-v "$PWD/results:/app/results"')


def test_results_in_memory_are_lost():
    """A tmpfs is a mount, but nothing of it is on a disk."""
    warning = not_kept("/tmp/study", INSIDE, DOCKER)  # noqa: S108
    assert warning is not None
    assert "in this container's memory" in warning


@pytest.mark.parametrize(("environment", "mounts"), [({}, DOCKER), (INSIDE, "")])
def test_nothing_is_warned_of_outside_of_the_image_or_where_mounts_are_unknown(environment, mounts):
    """A program that was installed writes to the machine's disk."""
    assert not_kept("/app/out", environment, mounts) is None


def test_a_path_below_a_link_counts_where_it_leads(tmp_path):
    """The link lies in the container, its target on a mount."""
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    mounts = f"1 0 0:1 / / rw - overlay overlay rw\n2 1 8:1 / {tmp_path}/target rw - ext4 /dev/sda rw\n"
    assert not_kept(f"{tmp_path}/link/study", INSIDE, mounts) is None


def test_a_run_warns_before_the_work_and_at_its_end(monkeypatch, tmp_path, capfd):
    """On standard error at once, and below the tables, where it is seen."""
    use_fake_models(monkeypatch)
    monkeypatch.setenv("MEDSAM_JOB_CONTAINER", "1")
    monkeypatch.setattr("job.cli.container.mounts", lambda: "1 0 0:1 / / rw - overlay overlay rw\n")
    assert medsam_job(monkeypatch, write_generated(tmp_path)) == 0
    printed = capfd.readouterr()
    assert printed.err.startswith("The results lie in this container alone")
    assert printed.out.splitlines()[-1].startswith("The results lie in this container alone")


@pytest.mark.parametrize("inside", ["1", ""])
def test_an_output_that_cannot_be_written_to_has_the_way_out_of_a_container(monkeypatch, tmp_path, capfd, inside):
    """Folders that Docker made, or that another user owns, are what newcomers meet first."""
    monkeypatch.setenv("MEDSAM_JOB_CONTAINER", inside)
    spec = write_generated(tmp_path)
    (tmp_path / "results").write_text("in the way")
    assert medsam_job(monkeypatch, spec) == 2
    assert ("docker run --user" in capfd.readouterr().err) == bool(inside)


WITHOUT_TORCH = """\
import sys

class NoTorch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            raise ModuleNotFoundError(f"No module named {name}", name=name)

sys.meta_path.insert(0, NoTorch())
from job.__main__ import command_line

code = 0
for line in sys.argv[1:]:
    sys.argv = ["medsam-job", *line.split("\t")]
    try:
        command_line()
    except SystemExit as end:
        code = code or end.code
sys.exit(code)
"""


def without_torch(*commands):
    """Run commands in a process where torch is not installed, as in the slim image. It has the first code but 0."""
    lines = ["\t".join(map(str, arguments)) for arguments in commands]
    return subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *lines], capture_output=True, text=True, check=False)


GATHERING = (["run", "SPEC", "--only", "statistics"], ["report", "OUTPUT"], ["verify", "OUTPUT"], ["status", "OUTPUT"])
LOOKING = (
    ["validate", "SPEC"],
    ["plan", "SPEC"],
    ["sql", "OUTPUT", "SELECT 1"],
    ["table", "OUTPUT", "modes"],
)


@pytest.mark.parametrize("commands", [GATHERING, LOOKING], ids=["gathering", "looking"])
def test_all_but_prediction_works_without_torch(ran, tmp_path, commands):
    """As in the slim image, from a spec and stored parts to the report."""
    names = {"SPEC": ran(tmp_path, GENERATED), "OUTPUT": tmp_path / "results"}
    ended = without_torch(*([names.get(word, word) for word in arguments] for arguments in commands))
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_without_torch_a_run_says_what_is_missing(tmp_path):
    """In a line, with code 2: the other image can."""
    ended = without_torch([write_generated(tmp_path)])
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert ended.stderr.startswith("torch is not installed here")


def test_without_torch_validate_says_that_checkpoints_were_not_compared(tmp_path):
    """Weights of a package are known by their sha256; all others are compared with the network, which takes torch."""
    spec = write_generated(tmp_path)
    (tmp_path / "my.pth").write_bytes(b"weights")
    spec.write_text(spec.read_text().replace("lite_medsam\n", f"lite_medsam\n    checkpoint: {tmp_path}/my.pth\n"))
    ended = without_torch(["validate", spec])
    assert "lite: its checkpoint was not compared with the model, because torch is not installed" in ended.stdout
    assert ended.returncode == 0, ended.stdout + ended.stderr
