"""A study whose spec is on a real S3 server, as on AWS Batch."""

import json

import pytest

from job import storage
from tests.cases import GENERATED, medsam_job, use_fake_models
from tests.integration.s3_server import KEY, SECRET


@pytest.fixture
def spec(s3):
    """The address of a spec in the bucket; the results go beside it."""
    storage.write(f"{s3}/specs/my.yaml", GENERATED.format(output=f"{s3}/results").encode())
    return f"{s3}/specs/my.yaml"


def refusal(capfd):
    """Return the one line that a command printed to standard error."""
    (line,) = capfd.readouterr().err.splitlines()
    return line


def test_a_spec_on_s3_is_checked_planned_and_run(spec, monkeypatch, capfd):
    """Without a local file."""
    use_fake_models(monkeypatch)
    assert medsam_job(monkeypatch, "validate", spec) == 0
    assert medsam_job(monkeypatch, spec) == 0
    capfd.readouterr()
    assert medsam_job(monkeypatch, "plan", spec, "--format", "json") == 0
    figures = json.loads(capfd.readouterr().out)
    assert (figures["study"], figures["parts"], figures["parts_left"]) == ("generated", 4, 0)


def test_a_fault_of_a_spec_on_s3_has_its_place(spec, monkeypatch, capfd):
    """The address, the line and the column."""
    storage.write(spec, storage.read(spec).replace(b"seed: 5", b"seed: five"))
    assert medsam_job(monkeypatch, spec) == 2
    assert refusal(capfd).startswith(f"{spec}:6:41: datasets[0].generated.seed: expected an integer")


def test_a_missing_spec_is_reported_in_one_line(s3, monkeypatch, capfd):
    """With its address."""
    assert medsam_job(monkeypatch, f"{s3}/specs/none.yaml") == 2
    assert refusal(capfd) == f"{s3}/specs/none.yaml: cannot read: nothing is there"


def test_a_missing_bucket_of_a_spec_is_reported_in_one_line(s3, monkeypatch, capfd):
    """It is not reported as a missing file."""
    assert medsam_job(monkeypatch, "s3://no-such-bucket/my.yaml") == 2
    assert "s3://no-such-bucket/my.yaml: cannot read: there is no such bucket" in refusal(capfd)


@pytest.mark.parametrize(("key", "secret"), [("somebody-else", SECRET), (KEY, "another-secret")])
def test_a_wrong_key_is_reported_in_one_line(spec, log_in, monkeypatch, capfd, key, secret):
    """Without the secret."""
    log_in(key, secret)
    assert medsam_job(monkeypatch, spec) == 2
    line = refusal(capfd)
    assert line.startswith(f"{spec}: cannot read: access denied")
    assert secret not in line


def test_reading_a_spec_is_retried(spec, proxy, monkeypatch):
    """Like every other request."""
    proxy.script = ["503", "lose"]
    assert medsam_job(monkeypatch, "validate", spec) == 0
    assert proxy.faults.total() == 2
