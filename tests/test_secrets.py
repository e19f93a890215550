"""No secret of an address or of the environment is stored, logged or shown in a fault."""

import json

import pytest

from tests.cases import SPEC, medsam_job, use_fake_models, write_study

SECRET = "hush-hush-hush"
LITE = "family: lite_medsam"


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a function that runs the command line with quick models, and with secrets in the environment."""
    use_fake_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDSAM_JOB_CACHE", str(tmp_path / "cache"))
    for name in ("STUDY_TOKEN", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "HF_TOKEN"):
        monkeypatch.setenv(name, SECRET)
    return lambda *arguments: medsam_job(monkeypatch, *arguments)


LEAKING = [
    f"https://user:{SECRET}@host/x",
    f"https://host/x?token={SECRET}",
    "https://user:${STUDY_TOKEN}@host/x",
    "https://host/x?a=b&token=${STUDY_TOKEN}",
]


@pytest.mark.parametrize("address", LEAKING)
@pytest.mark.parametrize("field", ["images", "masks", "checkpoint", "output", "embeddings"])
def test_an_address_with_a_secret_is_refused_and_not_shown(run, tmp_path, capfd, field, address):
    """Written in the spec or from the environment. Plan, manifests and errors would contain it."""
    old = {"images": "{data}/images/*.png", "masks": "{data}/masks/{{name}}", "output": "{output}", "checkpoint": LITE}
    old["embeddings"] = "chunk: 4"
    new = f"{LITE}\n    checkpoint: {address}" if field == "checkpoint" else address
    new = f"chunk: 4, embeddings: '{address}'" if field == "embeddings" else new
    spec = write_study(tmp_path, cases=1)
    text = SPEC.replace(old[field], "PLACE").format(data=tmp_path / "data", output=tmp_path / "results")
    spec.write_text(text.replace("PLACE", new))
    for command in ("validate", "plan", "run"):
        assert run(command, spec) == 2
    out, err = capfd.readouterr()
    assert "credentials belong in the environment" in err
    assert SECRET not in out + err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize(
    "address", [f"https://user:{SECRET}@host/x", f"s3://key:{SECRET}@bucket/x", f"http://h/?t={SECRET}"]
)
def test_an_output_with_a_secret_is_refused_on_the_command_line(run, tmp_path, capfd, address):
    """The refusal does not show it."""
    assert run(write_study(tmp_path, cases=1), "--output", address) == 2
    assert run("status", address) == 2
    out, err = capfd.readouterr()
    assert SECRET not in out + err


@pytest.mark.parametrize(
    ("old", "new"),
    [("seed: 3", "seed: ${STUDY_TOKEN}"), ("[whole_box,", '["${STUDY_TOKEN}",'), ('"{stem}"', "${STUDY_TOKEN}{nome}")],
)
def test_a_fault_shows_a_variable_as_written(run, tmp_path, capfd, old, new):
    """Not its value, which may be a token in the wrong place."""
    spec = write_study(tmp_path, cases=1)
    spec.write_text(spec.read_text().replace(old, new))
    assert run(spec) == 2
    err = capfd.readouterr().err
    assert "${STUDY_TOKEN}" in err
    assert SECRET not in err


def test_no_secret_of_the_environment_is_stored_or_logged(run, tmp_path, capfd):
    """Neither in tables, footers, plan and manifests nor in the log of a study with a file that fails."""
    spec = write_study(tmp_path, cases=2)
    (tmp_path / "data/images/bad.png").write_bytes(b"no image")
    assert run(spec) == 3
    out, err = capfd.readouterr()
    assert SECRET not in out + err
    files = [path for path in (tmp_path / "results").rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_the_manifest_contains_variables_as_written(run, tmp_path, monkeypatch):
    """Not their values."""
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    write_study(tmp_path, cases=1)
    spec = tmp_path / "study.yaml"
    spec.write_text(SPEC.format(data="${DATA}", output=tmp_path / "results"))
    assert run(spec) == 0
    (manifest,) = json.loads((tmp_path / "results/manifest.json").read_text())["runs"]
    assert manifest["spec"]["datasets"][0]["images"] == "${DATA}/images/*.png"
