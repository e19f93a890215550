"""Click protocols: what all have in common, and those of other packages."""

import textwrap
from pathlib import Path

import pytest

from job.errors import JobError, SpecError
from job.prompts.blocks import resolve
from job.prompts.clicks import CVPR2025, MAZUROWSKI2023, MAZUROWSKI2023_CORRECTED, RITM, click_protocol
from job.study.load import loads
from job.study.study import json_schema
from job.testing import ProtocolSuite
from tests.prompts.own import centre_clicks

CODE = Path(centre_clicks.__file__).read_text()
SPEC = """
study: s
datasets: [{name: d, modality: CT, images: 'x/*.png', masks: 'y/*.png', tasks: {organ: 1}}]
models: [{name: m, family: lite_medsam_clicks}]
prompts: [{clicks: {protocol: centre}}]
"""


class TestMazurowski2023(ProtocolSuite):
    """As published."""

    protocol = MAZUROWSKI2023


class TestMazurowski2023Corrected(ProtocolSuite):
    """Its correction."""

    protocol = MAZUROWSKI2023_CORRECTED


class TestRitm(ProtocolSuite):
    """The rule of interactive segmentation."""

    protocol = RITM


class TestCvpr2025(ProtocolSuite):
    """The rule of the challenge."""

    protocol = CVPR2025


class TestCentre(ProtocolSuite):
    """The example of the docs."""

    protocol = centre_clicks.PROTOCOL


@pytest.fixture
def install(install_package):
    """Return a function that installs a package with the protocol `centre`."""

    def installing(code=CODE):
        install_package("centre_clicks", code, "medsam_job.protocols", "centre = centre_clicks:PROTOCOL")

    return installing


def test_a_protocol_of_another_package_is_named_as_ours_are(install):
    """With its own number of clicks, and its package and version in what determines a part's name."""
    install()
    (block,) = loads(SPEC).study.prompts
    resolved = resolve(block, multimask=True)
    assert (resolved.protocol, resolved.steps, resolved.brought_by) == ("centre", 5, ("centre-clicks 1.2",))
    assert "centre" in json_schema()["$defs"]["ClickSettings"]["properties"]["protocol"]["enum"]


def test_a_protocol_that_is_not_installed_is_named_with_those_that_are():
    """At its key."""
    expected = (
        r"prompts\[0\].clicks.protocol: expected "
        r"cvpr2025 or mazurowski2023 or mazurowski2023-corrected or ritm \(got centre\)"
    )
    with pytest.raises(SpecError, match=expected):
        loads(SPEC)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("1 / 0", "cannot be imported: division by zero"),
        ("PROTOCOL = 3", 'expected a ClickProtocol called "centre"'),
    ],
    ids=["raises", "no protocol"],
)
def test_a_package_that_cannot_be_used_is_a_fault_of_the_spec_that_names_it(install, code, message):
    """With its version and the reason."""
    install(code)
    with pytest.raises(SpecError, match=f"the protocol centre of centre-clicks 1.2 .*{message}"):
        loads(SPEC)


def test_what_only_looks_like_a_protocol_is_refused(install):
    """It has the attributes that the spec needs, and no more."""
    install('class PROTOCOL:\n    name, clicks = "centre", 3\n')
    with pytest.raises(JobError, match=r"expected a job\.prompts\.clicks\.ClickProtocol, got type"):
        click_protocol("centre")


def test_the_protocol_in_the_docs_is_the_one_that_is_tested():
    """Its code stands in docs/own-protocol.md, indented."""
    assert textwrap.indent(CODE.rstrip(), "    ") in Path("docs/own-protocol.md").read_text()
