"""The weights that are shipped: declared by hash, small, each with a card, and known wherever they lie."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from job.models.demo_weights import DEMO, FOLDER, Shipped, purpose_of, shipped
from job.models.registry import FAMILIES
from job.storage import local_path, sha256
from job.study.model import LiteMedSamClicks, Ritm

ROOT = Path(__file__).parents[2]
SECTIONS = ("## Data", "## Training", "## Results", "## Limits", "## Licence")


@pytest.fixture(params=shipped(), ids=lambda one: one.file)
def one(request: pytest.FixtureRequest) -> Shipped:
    found: Shipped = request.param
    return found


def test_every_file_is_declared() -> None:
    """And nothing is declared that is not there."""
    assert {path.name for path in FOLDER.glob("*.safetensors")} == {one.file for one in shipped()}


def test_a_file_is_what_is_declared(one: Shipped) -> None:
    """By its hash; at most 10 MB; found at its address."""
    path = local_path(one.address)
    assert path is not None
    assert sha256(path) == one.sha256
    assert path.stat().st_size <= 10_000_000


def test_a_card_goes_with_each(one: Shipped) -> None:
    """It tells data, training, results, limits and licence, and which file it is about; its curves lie beside it."""
    card = ROOT / one.card
    text = card.read_text()
    assert all(section in text for section in SECTIONS)
    assert one.sha256 in text
    assert "they say nothing about SAM against RITM" in " ".join(text.split())
    for curves in (f"{card.stem}_curves.csv", f"{card.stem}_curves.png"):
        assert f"({curves})" in text
        assert card.with_name(curves).is_file()


def test_families_know_the_hashes_of_the_addresses() -> None:
    """So packaged weights are verified although no spec states a hash; a file elsewhere is the user's own."""
    known = {one.file: one for one in shipped()}
    packaged = LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")
    assert FAMILIES[packaged.family].packaged(packaged) == known["lite_medsam_clicks.safetensors"].sha256
    demo = known["ritm_h18s_demo.safetensors"]
    for checkpoint, expected in ((demo.address, demo.sha256), ("own.safetensors", None)):
        spec = Ritm(name="ritm", family="ritm", arch="hrnet18s", checkpoint=checkpoint)
        assert FAMILIES["ritm"].packaged(spec) == expected


def test_demo_weights_are_known_by_their_hash() -> None:
    """Under any name, and at any address; other weights have no purpose."""
    assert purpose_of(shipped()[0].sha256) == DEMO
    assert purpose_of("0" * 64) is None


def test_results_of_earlier_demo_weights_keep_their_purpose() -> None:
    """New weights take the file's place; the hashes before them stay known."""
    retired = [sha256 for weights in shipped() for sha256 in weights.retired]
    assert retired
    assert {purpose_of(sha256) for sha256 in retired} == {DEMO}


def test_asking_for_a_purpose_imports_no_torch() -> None:
    """Statistics and reports ask, and they run without it."""
    program = "import sys, job.models.demo_weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
