"""Vega's scripts: made in another process, which may die; what they are made of needs no network and no eval."""

import os

import pytest

from job.errors import JobError
from job.report.page.bundle import bundle, bundle_name, made_apart


def test_the_bundle_embeds_vega():
    """And can stand in an element of HTML as it is."""
    assert "window.vegaEmbed=" in bundle()[-200:]
    assert "</script" not in bundle()
    assert "<!--" not in bundle()


def test_a_process_that_dies_is_an_error_and_not_the_end():
    """As an engine of JavaScript does that gets no memory."""
    with pytest.raises(JobError, match=r"the scripts of the page were not made: their process died \(-6\)"):
        made_apart(os.abort)


def test_the_bundle_of_another_version_has_another_name(monkeypatch):
    """So that one that was kept is not taken for it."""
    name = bundle_name()
    monkeypatch.setattr("job.report.page.bundle.version", lambda package: "1.8")
    assert bundle_name() != name
    assert bundle_name() == bundle_name()
