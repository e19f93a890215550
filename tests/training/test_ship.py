"""What was trained becomes a file of the package, with curves, a picture and the facts of its card."""

import json

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from job.models import weights
from job.models.checkpoint import read_made
from job.models.registry import build
from job.spec.study import LiteMedSamClicks
from job.storage import sha256
from training.card import fill
from training.curves import draw_curves
from training.ship import CARDS, Made, declare, read_curves, ship, towards
from training.ship import read_made as read_last

NAME = "lite_medsam_clicks"
MADE = Made(steps=20, minutes=1.5, seed=3, device="a processor")
CURVES = "step,minutes,loss,iou_1\n1,0.1,3.0,0.1\n20,1.5,1.5,0.4\n30,2.0,1.0,0.5\n"
CARD = "# Card\n\n<!-- facts: written by training/ship.py -->\nold\n<!-- end of facts -->\n\n## Limits\n"


@pytest.fixture
def trained(tmp_path):
    """A training's folder, with the shipped tensors; beside it a project with a card."""
    folder = tmp_path / "clicks"
    folder.mkdir()
    save_file(load_file(weights.FOLDER / f"{NAME}.safetensors"), folder / "weights.safetensors")
    torch.save({"step": 20, "seconds": 90.0}, folder / "last.pt")
    (folder / "curves.csv").write_text(CURVES)
    (tmp_path / CARDS).mkdir(parents=True)
    (tmp_path / CARDS / f"{NAME}.md").write_text(CARD)
    return folder


@pytest.fixture
def shipped(trained, tmp_path):
    return ship(trained, NAME, MADE, tmp_path, tmp_path)


def test_the_file_tells_how_it_was_made_and_builds(shipped, tmp_path):
    """Steps, minutes, seed, device, share, and the encoder that it belongs to."""
    path = tmp_path / shipped.file
    made = read_made(path)
    assert {key: made[key] for key in vars(MADE)} == vars(MADE)
    assert len(made["encoder_sha256"]) == 64
    spec = LiteMedSamClicks(name="c", family=NAME, checkpoint=str(path))
    assert build(spec, path, torch.device("cpu"), "fp32").capabilities.points


def test_the_same_weights_have_the_same_hash(shipped, trained, tmp_path):
    """However often they are shipped."""
    (tmp_path / "again").mkdir()
    assert ship(trained, NAME, MADE, tmp_path, tmp_path / "again") == shipped


def test_what_is_declared_is_read_back(shipped, tmp_path):
    """File by file: hash, purpose, card."""
    declare([shipped], tmp_path / "weights.json")
    assert json.loads((tmp_path / "weights.json").read_text()) == {
        f"{NAME}.safetensors": {
            "sha256": sha256(tmp_path / shipped.file),
            "purpose": "demo",
            "card": f"docs/models/{NAME}.md",
        }
    }


def test_the_card_gets_the_facts_and_keeps_its_words(shipped, tmp_path):
    """What stood in the block before is gone."""
    text = (tmp_path / shipped.card).read_text()
    assert shipped.sha256 in text
    assert "20 steps in 2 minutes on a processor" in text
    assert "old" not in text
    assert text.endswith("<!-- end of facts -->\n\n## Limits\n")


def test_a_card_without_the_block_is_refused(tmp_path):
    """Rather than left as it is."""
    (tmp_path / "card.md").write_text("# Card\n")
    with pytest.raises(ValueError, match="expected the lines"):
        fill(tmp_path / "card.md", "facts", "training/ship.py", "text")


def test_curves_end_with_the_weights(shipped, tmp_path):
    """A row of a later step belongs to weights that were not shipped; the picture lies beside."""
    assert [row["step"] for row in read_curves(tmp_path / CARDS / f"{NAME}_curves.csv")] == ["1", "20"]
    with Image.open(tmp_path / CARDS / f"{NAME}_curves.png") as picture:
        assert picture.size == (960, 320)


def test_weights_can_stop_short_of_the_trained_ones():
    """A share of 0 is what training began with, a half lies between, 1 is what it ended with."""
    own, trained = {"a": torch.tensor([0.0, 2.0])}, {"a": torch.tensor([1.0, 4.0], dtype=torch.float16)}
    found = [towards(trained, own, share)["a"].tolist() for share in (0.0, 0.5, 1.0)]
    assert found == [[0.0, 2.0], [0.5, 3.0], [1.0, 4.0]]


def test_too_large_a_file_is_refused(trained, tmp_path):
    """At most 10 MB each, for they travel with the package."""
    save_file({"a": torch.ones(2_600_000)}, trained / "weights.safetensors")
    with pytest.raises(ValueError, match="at most 10,000,000 bytes"):
        ship(trained, NAME, MADE, tmp_path, tmp_path)


def test_a_training_tells_its_length(trained):
    """From its last checkpoint, in minutes."""
    assert read_last(trained, 3, "a processor", 1.0) == MADE


def test_a_curve_is_drawn_in_its_colour(tmp_path):
    """Of each score there is a line on the right."""
    (tmp_path / "curves.csv").write_text(CURVES)
    picture = draw_curves(read_curves(tmp_path / "curves.csv"))
    right = picture.crop((480, 0, 960, 320))
    assert (31, 119, 180) in {colour for _, colour in right.getcolors(1 << 20)}
