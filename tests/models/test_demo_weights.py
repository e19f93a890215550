"""Shipped weights: declared by hash, small, each with a model card, and recognised at any address."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from job.models.demo_weights import DEMO, FOLDER, ShippedWeights, purpose_of, sha256_at, shipped_weights
from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.families.ritm import Ritm
from job.models.registry import family_of
from job.storage import local_path, sha256

ROOT = Path(__file__).parents[2]
SECTIONS = ("## Data", "## Training", "## Results", "## Limits", "## Licence")


@pytest.fixture(params=shipped_weights(), ids=lambda weights: weights.file)
def weights(request: pytest.FixtureRequest) -> ShippedWeights:
    shipped: ShippedWeights = request.param
    return shipped


def test_the_declared_files_are_the_stored_files() -> None:
    """No file is undeclared, and no declared file is missing."""
    assert {path.name for path in FOLDER.glob("*.safetensors")} == {weights.file for weights in shipped_weights()}


def test_a_file_has_the_declared_hash(weights: ShippedWeights) -> None:
    """The file at its address has the declared sha256, and at most 10 MB."""
    path = local_path(weights.address)
    assert path is not None
    assert sha256(path) == weights.sha256
    assert path.stat().st_size <= 10_000_000


def test_each_file_has_a_model_card(weights: ShippedWeights) -> None:
    """The card has all sections, the file's hash, a warning, and links to its curves."""
    card = ROOT / weights.card
    text = card.read_text()
    assert all(section in text for section in SECTIONS)
    assert weights.sha256 in text
    assert "they say nothing about SAM against RITM" in " ".join(text.split())
    for curves in (f"{card.stem}_curves.csv", f"{card.stem}_curves.png"):
        assert f"({curves})" in text
        assert card.with_name(curves).is_file()


def test_an_address_in_the_package_has_a_known_hash() -> None:
    """An address elsewhere has none."""
    first = shipped_weights()[0]
    assert sha256_at(first.address) == first.sha256
    assert sha256_at(f"/home/user/{first.file}") is None


def test_families_know_the_hashes_of_shipped_weights() -> None:
    """Shipped weights are verified even if the spec states no hash; a file elsewhere is the user's own."""
    by_file = {weights.file: weights for weights in shipped_weights()}
    clicks = LiteMedSamClicks(name="clicks", family="lite_medsam_clicks")
    assert family_of(clicks).known_sha256(clicks) == by_file["lite_medsam_clicks.safetensors"].sha256
    demo = by_file["ritm_h18s_demo.safetensors"]
    for checkpoint, expected in ((demo.address, demo.sha256), ("own.safetensors", None)):
        spec = Ritm(name="ritm", family="ritm", arch="hrnet18s", checkpoint=checkpoint)
        assert family_of(spec).known_sha256(spec) == expected


def test_demo_weights_are_recognised_by_their_hash() -> None:
    """Other weights have no purpose."""
    assert {purpose_of(weights.sha256) for weights in shipped_weights()} == {DEMO}
    assert purpose_of("0" * 64) is None


def test_earlier_demo_weights_keep_their_purpose() -> None:
    """Results of replaced weights are still recognised as demo results."""
    retired = [sha256 for weights in shipped_weights() for sha256 in weights.retired]
    assert retired
    assert {purpose_of(sha256) for sha256 in retired} == {DEMO}


def test_the_purpose_of_weights_is_known_without_torch() -> None:
    """Statistics and reports read it, and run without torch."""
    program = "import sys, job.models.demo_weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
