"""The behaviour that every model has in common: the suite, on every family."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from job.models.protocol import PromptableModel
from job.study.families import families, spec_type
from job.testing import ModelSuite
from tests.models.fake import FakeModel


def test_every_family_of_this_package_runs_the_suite():
    """In a class named after that of its specs."""
    files = Path(__file__).parent.rglob("test_*.py")
    suites = {name for file in files for name in re.findall(r"class Test(\w+)\(.*ModelSuite\)", file.read_text())}
    ours = {spec_type(name).__name__ for name, family in families().items() if "medsam-job" in family.packages[0]}
    assert ours - suites == set()
    assert len(ours) > 8


class TestSam(ModelSuite):
    """Two images: its decoder takes half a second."""

    sizes = ((16, 2048), (131, 97))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, sam: PromptableModel) -> PromptableModel:
        return sam


class TestLiteMedSam(ModelSuite):
    """Boxes alone."""

    sizes = ((16, 16), (2048, 300))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, lite_medsam: PromptableModel) -> PromptableModel:
        return lite_medsam


class TestLiteMedSamClicks(ModelSuite):
    """The demo weights."""

    sizes = ((16, 2048), (131, 97))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, lite_medsam_clicks: PromptableModel) -> PromptableModel:
        return lite_medsam_clicks


class TestRitm(ModelSuite):
    """With random weights."""

    sizes = ((16, 16), (16, 1024), (131, 97))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, ritm: PromptableModel) -> PromptableModel:
        return ritm


class TestSimpleClick(ModelSuite):
    """Its smallest network, with random weights."""

    sizes = ((16, 16), (16, 1024), (131, 97))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls, simpleclick: PromptableModel) -> PromptableModel:
        return simpleclick


class TestFake(ModelSuite):
    """The stand-in for models in other tests."""

    sizes = ((16, 16), (16, 2048), (2048, 300), (97, 131))

    @pytest.fixture(scope="class")
    @classmethod
    def model(cls) -> PromptableModel:
        return FakeModel()
