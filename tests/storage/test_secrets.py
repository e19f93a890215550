"""No secret of the environment, of an address or of a request is shown."""

import pytest

from job.storage.secrets import hide, one_line

SECRET = "wJalrXUtnFEMI/K7MDENG+bPx"


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "HF_TOKEN",
        "DB_PASSWORD",
        "PGPASSWD",
        "SMTP_PWD",
        "app_credential",
        "SSH_PASSPHRASE",
        "AZURE_STORAGE_CONNECTION_STRING",
    ],
)
def test_a_secret_of_the_environment_is_replaced_by_its_name(monkeypatch, name):
    """Also where it is written as part of an address."""
    monkeypatch.setenv(name, SECRET)
    assert hide(f"signed with {SECRET}.") == f"signed with ({name})."
    assert hide("at wJalrXUtnFEMI%2FK7MDENG%2BbPx") == f"at ({name})"


def test_a_secret_that_contains_another_is_replaced_whole(monkeypatch):
    """No half of it is left."""
    monkeypatch.setenv("A_TOKEN", "12345678")
    monkeypatch.setenv("B_TOKEN", "abcd12345678")
    assert hide("abcd12345678 12345678") == "(B_TOKEN) (A_TOKEN)"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token"),
        ("SSH_AUTH_SOCK", "/run/agent.1"),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/keys/google.json"),
        ("PWD", "/home/me/study"),
        ("GIT_AUTHOR_NAME", "A. N. Author"),
        ("SOME_KEY", "short"),
    ],
)
def test_what_is_no_secret_is_shown(monkeypatch, name, value):
    """A file's name says what to mend; a short word occurs inside others."""
    monkeypatch.setenv(name, value)
    assert hide(f"cannot read {value}") == f"cannot read {value}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET https://me:word@host/a?token=abc failed", "GET https://host/a failed"),
        ("s3://b/a?.png and https://host/b?.png", "s3://b/a?.png and https://host/b?.png"),
        ("PUT /b/k?partNumber=1&X-Amz-Signature=0a1b&x=2", "PUT /b/k?partNumber=1&X-Amz-Signature=…&x=2"),
        ("sv=1&sig=0a%2B1b&se=2", "sv=1&sig=…&se=2"),
        ("access_token=0a1b api-key=2c3d", "access_token=… api-key=…"),
        ("{'Authorization': 'Bearer 0a1b2c', 'x': 1}", "{'Authorization': '…', 'x': 1}"),
        ("Authorization: AWS4-HMAC-SHA256 Credential=AKIA, Signature=0a\nHost: b", "Authorization: …\nHost: b"),
        ("sent Bearer eyJhbGciOi.abc-def", "sent Bearer …"),
        ("the key is missing; token: expected a text", "the key is missing; token: expected a text"),
    ],
)
def test_the_secrets_of_a_request_are_cut_out(text, shown):
    """Of its address, its parameters and its headers. Plain words stay."""
    assert hide(text) == shown


def test_a_message_is_one_line():
    """Whatever a store sends."""
    assert one_line("a\n  b\tc") == "a b c"
