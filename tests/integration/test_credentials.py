"""Credentials that cannot be had: told as such, and never taken for a file that is missing in the store."""

import pytest
from s3fs import S3FileSystem

from job import storage
from job.errors import OutputError, StoreRefusedError
from job.results import summary
from job.results.probe import check_writable

ROLE = {"AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x"}


@pytest.fixture
def surroundings(s3, monkeypatch, tmp_path):
    """A function that sets the environment and the file of profiles, in place of keys."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))

    def use(profiles, environment):
        (tmp_path / "config").write_text(profiles)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        S3FileSystem.clear_instance_cache()
        return s3

    return use


@pytest.mark.parametrize(
    ("profiles", "environment", "reason"),
    [
        ("", {}, "no credentials were found"),
        ("", {"AWS_PROFILE": "nope"}, "the profile in AWS_PROFILE does not exist"),
        ("", {"AWS_ACCESS_KEY_ID": "alone"}, "the credentials are incomplete"),
        ("", ROLE | {"AWS_WEB_IDENTITY_TOKEN_FILE": "/none/token"}, "cannot be read .*/none/token: No such file"),
        ("[default]\ncredential_process = /none/helper\n", {}, "cannot be read .*/none/helper: No such file"),
        ("[default]\ncredential_process = false\n", {}, "no credentials were found .*custom-process"),
        ("rubbish[", {}, "the file of profiles is damaged"),
        ("[profile p]\nrole_arn = x\nsource_profile = nope\n", {"AWS_PROFILE": "p"}, "the profile is not valid"),
    ],
)
def test_the_reason_is_that_of_the_credentials(surroundings, profiles, environment, reason):
    """At once, with what to check; a folder of results is not said to hold none."""
    address = surroundings(profiles, environment)
    for operation in (storage.read, storage.info, summary.current_plan):
        with pytest.raises(StoreRefusedError, match=rf"cannot read: .*{reason}.*; (set|check) "):
            operation(address)
    with pytest.raises(OutputError, match=rf"is not writable: .*{reason}"):
        check_writable(address)
