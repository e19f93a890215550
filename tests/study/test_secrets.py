"""No fault shows the value of a variable or a password, and no address contains one."""

import pytest

from tests.study.small import SMALL, faults, only_fault


def test_an_address_contains_no_credentials():
    """Plans and manifests store it."""
    fault = only_fault(SMALL.replace("a/*.png", "https://user:secret@host/a.png"))
    assert "credentials belong in the environment" in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://host/a.png?token=hush", "an address without a query: credentials belong in the environment"),
        ("https://user:hu/sh@host/a.png", "a valid address"),
        ("simplecache::s3://bucket/a.png", "one address, not a chain of them"),
        ("http://[host/a.png", "a valid address"),
    ],
)
def test_an_address_is_a_single_place_without_secrets(address, expected):
    """The fault does not show the secret either."""
    fault = only_fault(SMALL.replace("a/*.png", address))
    assert expected in fault
    assert "sh@" not in fault
    assert "hush" not in fault


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("study: small", "study: small\nseed: ${STUDY_TOKEN}", "expected an integer (got ${STUDY_TOKEN})"),
        ("lite_medsam", "${STUDY_TOKEN}", "(got ${STUDY_TOKEN})"),
        ("m/{stem}.png", "m/${STUDY_TOKEN}/{stm}", "unknown field {stm} (got m/${STUDY_TOKEN}/{stm})"),
        (
            "m/{stem}.png",
            "m/{${STUDY_TOKEN}}",
            "a variable names an unknown field (got m/{${STUDY_TOKEN}}); one of: stem, name",
        ),
        ("a/*.png\n    masks: m/{stem}", "a/{${STUDY_TOKEN}}/*.png\n    masks: m/{stm}", "unknown field {stm}"),
        ("[whole_box]", "[whole_box]\n    models: ['${STUDY_TOKEN}']", "no model of this name (got ${STUDY_TOKEN})"),
        ("tasks:", "intensity: {window: ['${STUDY_TOKEN}']}\n    tasks:", "(got ${STUDY_TOKEN})"),
    ],
)
def test_a_fault_shows_a_variable_as_written(old, new, expected):
    """Its value may be a secret that was put in the wrong place."""
    shown = "\n".join(faults(SMALL.replace(old, new), {"STUDY_TOKEN": "hush"}))
    assert expected in shown
    assert "hush" not in shown


def test_a_hint_shows_a_variable_as_written():
    """Here the variable is a valid name, and the fault is elsewhere."""
    text = SMALL.replace("name: lite\n", "name: ${STUDY_TOKEN}\n").replace(
        "[whole_box]", "[whole_box]\n    models: [sam]"
    )
    assert "one of: ${STUDY_TOKEN}" in only_fault(text, {"STUDY_TOKEN": "hush"})
