"""What a store is opened with."""

import pytest

from job.storage.stores import open_store


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_the_region_is_that_of_the_environment(monkeypatch, name):
    """By either name; botocore by itself heeds the second alone. So it is with those who read through a file system."""
    for other in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(other, raising=False)
    for secret in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(secret, "x")
    monkeypatch.setenv(name, "eu-central-1")
    fs, _ = open_store(f"s3://bucket-{name}/key")
    fs.clear_instance_cache()
    fs, _ = open_store(f"s3://bucket-{name}/key")
    assert fs.s3.meta.region_name == fs.reader().s3.meta.region_name == "eu-central-1"
