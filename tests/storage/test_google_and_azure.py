"""How `gs://` and `az://` are opened, and what their errors mean; without servers."""

import pytest
from azure.core import exceptions as azure
from gcsfs.retry import HttpError
from google.auth import exceptions as google

from job import storage
from job.errors import StoreRefusedError
from job.storage.faults import Kind, classify, storage_error
from job.storage.retry import forget_credentials
from job.storage.stores import open_store


def of_azure(status, code, kind=azure.HttpResponseError):
    """Return Azure's error for a response with a status and a code."""
    error = kind(message=f"words\nRequestId:1\nErrorCode:{code}")
    error.status_code, error.error_code = status, code
    return error


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (Kind.TRANSIENT, HttpError({"code": 503, "message": "busy"})),
        (Kind.TRANSIENT, HttpError({"code": 429, "message": "rate"})),
        (Kind.TRANSIENT, google.TransportError("reset")),
        (Kind.REFUSED, HttpError({"code": 401, "message": "Anonymous caller does not have access"})),
        (Kind.REFUSED, OSError("Forbidden: b/study/o\nno access")),
        (Kind.REFUSED, google.DefaultCredentialsError("File /none was not found.")),
        (Kind.REFUSED, google.RefreshError("Token has been expired or revoked.")),
        (Kind.PERMANENT, HttpError({"code": 400, "message": "bad"})),
        (Kind.TRANSIENT, of_azure(503, "ServerBusy")),
        (Kind.TRANSIENT, of_azure(500, "OperationTimedOut")),
        (Kind.TRANSIENT, azure.ServiceRequestError("reset")),
        (Kind.TRANSIENT, azure.ServiceResponseError("reset")),
        (Kind.TRANSIENT, azure.IncompleteReadError("half")),
        (Kind.NOT_FOUND, of_azure(404, "BlobNotFound", azure.ResourceNotFoundError)),
        (Kind.REFUSED, of_azure(404, "ContainerNotFound", azure.ResourceNotFoundError)),
        (Kind.REFUSED, of_azure(403, "AuthenticationFailed", azure.ClientAuthenticationError)),
        (Kind.REFUSED, azure.ClientAuthenticationError("DefaultAzureCredential failed")),
    ],
    ids=lambda value: value.name if isinstance(value, Kind) else f"{type(value).__name__}-{value}"[:60],
)
def test_errors_are_classified(kind, error):
    """By status or code where there is one, else by type."""
    assert classify(error).kind is kind


@pytest.mark.parametrize(
    ("address", "variable"), [("gs://b/x", "GOOGLE_APPLICATION_CREDENTIALS"), ("abfs://b/x", "AZURE_STORAGE_SAS_TOKEN")]
)
def test_a_refusal_names_what_to_check_in_its_store(address, variable):
    """Not the variables of S3."""
    text = str(storage_error(HttpError({"code": 401, "message": "no"}), address, "read"))
    assert variable in text
    assert "AWS" not in text


@pytest.fixture
def without_account(monkeypatch):
    """No variable of Azure."""
    for name in ("ACCOUNT_NAME", "ACCOUNT_KEY", "CONNECTION_STRING", "SAS_TOKEN"):
        monkeypatch.delenv(f"AZURE_STORAGE_{name}", raising=False)
    forget_credentials()
    yield
    forget_credentials()


def test_an_account_that_is_not_named_is_refused(without_account):
    """With the variables that name one."""
    with pytest.raises(StoreRefusedError, match="no storage account is named; set AZURE_STORAGE_ACCOUNT_NAME"):
        storage.read("az://container/a")


def test_a_damaged_connection_string_is_refused(without_account, monkeypatch):
    """The message does not repeat it."""
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "AccountKey=very-secret-key")
    with pytest.raises(StoreRefusedError, match="AZURE_STORAGE_CONNECTION_STRING is not valid") as refused:
        storage.read("az://container/a")
    assert "very-secret-key" not in str(refused.value)


@pytest.mark.parametrize("credential", ["ACCOUNT_KEY", "SAS_TOKEN"])
def test_the_account_is_that_of_the_environment(without_account, monkeypatch, credential):
    """With a key or a token."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "mine")
    monkeypatch.setenv(f"AZURE_STORAGE_{credential}", "sv=2024&sig=YWJj" if credential == "SAS_TOKEN" else "YWJj")
    for scheme in ("az", "abfs", "abfss"):
        fs, path = open_store(f"{scheme}://container/a::b.png")
        assert (fs.service_client.account_name, path) == ("mine", "container/a::b.png")
    assert ("sig=YWJj" in fs.service_client.url) == (credential == "SAS_TOKEN")


@pytest.mark.parametrize("content", [None, "no JSON"])
def test_a_file_of_credentials_that_cannot_be_used_is_refused(monkeypatch, tmp_path, content):
    """Without it, a public file would be read all the same, and a private one would be denied without the reason."""
    if content:
        (tmp_path / "key.json").write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    forget_credentials()
    with pytest.raises(StoreRefusedError, match=r"no credentials were found .*key.json.*; check the credentials \(GOO"):
        storage.read("gs://bucket/a")
