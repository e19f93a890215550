"""Commands open a study by the address of its spec; what cannot be opened is reported in a line."""

import tempfile
from pathlib import Path

import pytest

from job import storage
from job.cli.first_steps import way_out
from tests.cases import GENERATED, medsam_job, use_fake_models, write_study


@pytest.fixture
def run(monkeypatch):
    """The command line."""
    for name in ("DATA", "WEIGHTS", "RESULTS", "MEDSAM_JOB_CONTAINER"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


@pytest.fixture
def studied(ran, monkeypatch, tmp_path):
    """A folder with `study.yaml`, and with its results in `results`."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    ran(tmp_path, GENERATED)
    return tmp_path


@pytest.mark.parametrize("command", [[], ["run"], ["plan"], ["validate"], ["run", "--only", "statistics"]])
def test_a_spec_that_its_store_does_not_hold_is_reported_in_a_line(run, capfd, command):
    """Every command that takes a spec does so."""
    assert run(*command, "memory://none/my.yaml") == 2
    assert capfd.readouterr().err == "memory://none/my.yaml: cannot read: nothing is there\n"


def test_an_empty_output_is_refused(run, tmp_path, monkeypatch, capfd):
    """It is most likely a variable of a shell that is not set; the spec's output is not meant."""
    monkeypatch.chdir(tmp_path)
    spec = write_study(tmp_path, cases=1)
    for command in (["run", spec, "--output", ""], ["status", ""], ["plan", spec, "--output", "s3:/bucket/x"]):
        assert run(*command) == 2
    assert capfd.readouterr().err.count("is a variable unset?") == 2
    assert not (tmp_path / "results").exists()


@pytest.fixture
def without_home(monkeypatch):
    """A user without a home folder: HOME is not set, and the system does not know the user."""

    def unknown():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", unknown)
    monkeypatch.delenv("MEDSAM_JOB_CACHE", raising=False)


def test_a_study_of_local_inputs_needs_no_home(run, tmp_path, without_home, monkeypatch):
    """Nothing of it is cached."""
    use_fake_models(monkeypatch)
    assert run("validate", write_study(tmp_path, cases=1)) == 0


def test_a_study_of_remote_inputs_says_where_its_cache_is_set(run, tmp_path, without_home, monkeypatch, capfd):
    """In a line, before any work."""
    use_fake_models(monkeypatch)
    spec = write_study(tmp_path, cases=1)
    for kind in ("images", "masks"):
        storage.write(f"memory://homeless/{kind}/a.png", (tmp_path / f"data/{kind}/case0.png").read_bytes())
    spec.write_text(spec.read_text().replace(f"{tmp_path}/data", "memory://homeless"))
    assert run(spec) == 2
    *_, line = capfd.readouterr().err.splitlines()
    assert line == "this user has no home folder for copies of inputs: set MEDSAM_JOB_CACHE"


def test_a_missing_temporary_folder_is_reported_in_a_line(run, tmp_path, monkeypatch, capfd):
    """Before any work: torch and the statistics need one."""
    spec = write_study(tmp_path, cases=1)
    with monkeypatch.context() as inside:
        inside.setattr(tempfile, "tempdir", None)
        inside.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
        assert run(spec) == 2
    assert capfd.readouterr().err.endswith(": set TMPDIR to a folder that can be written\n")


@pytest.mark.parametrize(
    ("name", "meant"), [("study", "study.yaml"), ("stduy.yaml", "study.yaml"), ("specs/study.yaml", "study.yaml")]
)
def test_a_missing_spec_is_answered_with_the_one_that_is_most_like_it(run, capfd, monkeypatch, tmp_path, name, meant):
    """Here, in specs/ or in its own folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").touch()
    assert run("plan", name) == 2
    assert capfd.readouterr().err.endswith(f"cannot be read: No such file or directory; did you mean {meant}?\n")


def test_in_a_container_a_missing_spec_may_not_be_mounted(run, capfd, monkeypatch, tmp_path):
    """The message says how to mount it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSAM_JOB_CONTAINER", "1")
    assert run("/home/me/my.yaml") == 2
    assert 'mount its folder: docker run -v "$PWD:/mine:ro" … medsam-job /mine/my.yaml' in capfd.readouterr().err


def test_an_output_where_a_spec_is_meant_is_recognised(run, capfd, studied):
    """On disk or in a store."""
    for command in ("run", "plan", "validate"):
        assert run(command, "results") == 2
        assert capfd.readouterr().err == (
            "results: holds the results of a study; expected its spec, a YAML file. `medsam-job status results` shows "
            "the progress; to continue the study, run its spec\n"
        )
    storage.write("memory://some/results/current.json", (studied / "results/current.json").read_bytes())
    assert run("memory://some/results") == 2
    assert "memory://some/results: holds the results of a study; expected its spec" in capfd.readouterr().err


def test_a_folder_where_a_spec_is_meant_has_a_spec_named(run, capfd, studied):
    """If it holds one."""
    assert run(studied) == 2
    assert capfd.readouterr().err == f"{studied}: a folder; expected one of its specs, such as {studied}/study.yaml\n"


@pytest.mark.parametrize(("given", "expected"), [
    ("study.yaml", "this is a spec, whose output is "),
    ("data.csv", "this is a file"),
    (".", "did you mean results?"),
    ("-- all\nSELECT 1", "the query comes second: `medsam-job sql OUTPUT QUERY`"),
    ("SELECT 1", "the query comes second: `medsam-job sql OUTPUT QUERY`"),
    ("WHERE iou < 0.5", "the query comes second: `medsam-job show OUTPUT QUERY`"),
])  # fmt: skip
def test_what_stands_where_an_output_is_meant_is_recognised(run, capfd, studied, given, expected):
    """A spec, a file, the folder above outputs, or a query."""
    (studied / "data.csv").touch()
    assert run("sql", given, "results") == 2
    assert f": expected the output of a study: a folder, or an address; {expected}" in capfd.readouterr().err


@pytest.mark.parametrize("query", ["-- one\nSELECT 7 AS n", "--one\nSELECT 7 AS n", "/* one */ SELECT 7 AS n"])
def test_a_query_may_begin_with_a_comment(run, capfd, studied, query):
    """It is no option. Options may stand before it or after it."""
    assert run("sql", "results", query, "--format", "csv") == 0
    assert run("sql", "--format=csv", "results", query) == 0
    assert "".join(capfd.readouterr().out.split()).replace('"', "") == "n7n7"


UNSET = """\
study: s
output: ${RESULTS}/s
datasets:
  - {name: A, modality: CT, images: "${DATA}/one/{case}/im*.png", masks: "${DATA}/two/m.png", tasks: {organ: 1}}
models:
  - {name: sam, family: sam, arch: vit_b, checkpoint: "${WEIGHTS}/sam_vit_b_01ec64.pth"}
prompts:
  - modes: [whole_box]
"""


@pytest.mark.parametrize("command", ["run", "plan", "validate"])
def test_unset_variables_have_one_message_with_all_that_a_newcomer_needs(run, capfd, tmp_path, command):
    """What is missing and where, what each must hold, how to set it, and what to try before."""
    (tmp_path / "s.yaml").write_text(UNSET)
    assert run(command, tmp_path / "s.yaml") == 2
    assert (
        capfd.readouterr().err
        == f"""\
{tmp_path}/s.yaml:2:1: output: the variable RESULTS is not set; set it, or write ${{RESULTS:-default}}
{tmp_path}/s.yaml:4:29: datasets[0].images: the variable DATA is not set, here and in 1 more of the spec's values; \
set it, or write ${{DATA:-default}}
{tmp_path}/s.yaml:6:43: models[0].checkpoint: the variable WEIGHTS is not set; set it, or write ${{WEIGHTS:-default}}

Set the variables that the spec reads:
  DATA: the folder with the data sets, or s3://bucket/prefix. The study reads from it:
      one/
      two/m.png
  WEIGHTS: the folder with the checkpoints, or s3://bucket/prefix. The study reads from it:
      sam_vit_b_01ec64.pth   from https://dl.fbaipublicfiles.com/segment_anything/sam_vit_b_01ec64.pth (375 MB, \
sha256 ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912)
  RESULTS: the folder for results, or s3://bucket/prefix, where this user may write. The study writes to:
      s

For example:
  export DATA=/path/to/data
  export WEIGHTS=/path/to/weights
  export RESULTS=/path/to/results
  medsam-job {tmp_path}/s.yaml

Try the embedded study first, which needs no data and no weights: medsam-job demo
"""
    )


def test_in_a_container_folders_are_mounted_and_variables_passed(run, capfd, tmp_path, monkeypatch):
    """Only those that are missing."""
    monkeypatch.setenv("MEDSAM_JOB_CONTAINER", "1")
    monkeypatch.setenv("DATA", "/data")
    (tmp_path / "s.yaml").write_text(UNSET.replace("study: s", "study: ${STUDY_NAME}"))
    assert run(tmp_path / "s.yaml") == 2
    err = capfd.readouterr().err
    assert (
        "    -v /path/to/weights:/weights:ro -e WEIGHTS=/weights \\\n"
        "    -v /path/to/results:/results -e RESULTS=/results \\\n"
        "    -e STUDY_NAME=… \\\n"
        f"    medsam-job {tmp_path}/s.yaml\n"
    ) in err
    assert "DATA" not in err
    assert "export" not in err


def test_in_a_container_a_folder_that_is_not_mounted_is_remarked(run, capfd, tmp_path, monkeypatch):
    """The machine may have it. An address of a store needs no mount."""
    for name, value in {
        "MEDSAM_JOB_CONTAINER": "1",
        "DATA": "/none/my data",
        "WEIGHTS": "s3://b/w",
        "RESULTS": "r",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "s.yaml").write_text(UNSET.replace("${WEIGHTS}", "/none"))
    assert run("plan", tmp_path / "s.yaml") == 2
    assert capfd.readouterr().err.splitlines()[0] == (
        "DATA: there is no /none/my data in this container; if the machine has it, mount it: "
        "-v '/none/my data:/none/my data:ro'"
    )


def test_of_many_places_eight_are_shown():
    """A study of twenty data sets still fits the screen."""
    shown = way_out("s.yaml", {"DATA": [f"${{DATA}}/d{number}/*.png" for number in range(10)]}, container=False)
    assert "      d7/\n      and 2 more\n" in shown
    assert "d8" not in shown
