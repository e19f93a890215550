"""What was trained becomes a file of the package, with curves, a picture and the facts of its card."""

import json

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from job.errors import JobError
from job.models import weights
from job.models.checkpoint import MADE, read_made
from job.models.registry import build, packaged_checkpoint
from job.storage import sha256
from job.study.model import LiteMedSamClicks
from training.card import fill
from training.curves import draw_curves
from training.ship import CARDS, declare, read_curves, ship, towards, verify

NAME = "lite_medsam_clicks"
SITTINGS = [
    {"from_step": 0, "planned": "3 minutes", "rate": 2e-4, "device": "a processor", "threads": 1, "start": None},
    {"from_step": 12, "planned": "1 minutes", "rate": 4e-4, "device": "another", "threads": 2, "start": 32 * "ab"},
]
MADE_WITH = {"seed": 3, "batch": 4, "steps": 20, "minutes": 1.5, "sittings": SITTINGS}
CURVES = "step,minutes,loss,iou_1\n1,0.1,3.0,0.1\n20,1.5,1.5,0.4\n30,2.0,1.0,0.5\n"
CARD = "# Card\n\n<!-- facts: written by training/ship.py -->\nold\n<!-- end of facts -->\n\n## Limits\n"


def save(tensors, path):
    note = MADE_WITH | {"encoder_sha256": sha256(packaged_checkpoint())}
    save_file(tensors, path, metadata={MADE: json.dumps(note)})


@pytest.fixture
def trained(tmp_path):
    """A training's folder, with the shipped tensors; beside it a project with a card."""
    folder = tmp_path / "clicks"
    folder.mkdir()
    save(load_file(weights.FOLDER / f"{NAME}.safetensors"), folder / "weights.safetensors")
    (folder / "curves.csv").write_text(CURVES)
    (tmp_path / CARDS).mkdir(parents=True)
    (tmp_path / CARDS / f"{NAME}.md").write_text(CARD)
    return folder


@pytest.fixture
def shipped(trained, tmp_path):
    return ship(trained, NAME, tmp_path, tmp_path)


def test_what_is_shipped_is_what_was_trained(shipped, trained, tmp_path):
    """Byte for byte; it tells how it was made, and builds."""
    path = tmp_path / shipped.file
    assert path.read_bytes() == (trained / "weights.safetensors").read_bytes()
    assert MADE_WITH.items() <= read_made(path).items()
    spec = LiteMedSamClicks(name="c", family=NAME, checkpoint=str(path))
    assert build(spec, path, torch.device("cpu"), "fp32").capabilities.points


def test_a_share_is_told(trained, tmp_path):
    """The same weights have the same hash, however often they are shipped."""
    first, second = (ship(trained, NAME, tmp_path, tmp_path, share=0.5) for _ in range(2))
    assert first == second
    assert read_made(tmp_path / first.file)["share"] == 0.5
    assert "50% of the way from LiteMedSAM's own" in (tmp_path / first.card).read_text()
    ship(trained, NAME, tmp_path, tmp_path, share=0.5, start=trained / "weights.safetensors")
    whence = sha256(trained / "weights.safetensors")[:12]
    assert f"50% of the way from those of sha256 {whence}… after step 20" in (tmp_path / first.card).read_text()


def test_what_is_declared_is_read_back(shipped, tmp_path):
    """File by file: hash, purpose, card."""
    declare([shipped], tmp_path / "weights.json")
    assert json.loads((tmp_path / "weights.json").read_text()) == {
        f"{NAME}.safetensors": {
            "sha256": sha256(tmp_path / shipped.file),
            "purpose": "demo",
            "card": f"docs/models/{NAME}.md",
            "retired": [],
        }
    }


def test_a_replaced_hash_stays_known(shipped, trained, tmp_path):
    """Each once, in its order; the other model's entry stays as it is. Shipping the same again retires nothing."""
    path = tmp_path / "weights.json"
    other = {"sha256": "c", "purpose": "demo", "card": "o.md", "retired": []}
    mine = {"sha256": "b", "purpose": "demo", "card": "m.md", "retired": ["a"]}
    path.write_text(json.dumps({"other.safetensors": other, shipped.file: mine}))
    for _ in range(2):
        declare([shipped], path)
    told = json.loads(path.read_text())
    assert told["other.safetensors"] == other
    assert told[shipped.file]["retired"] == ["a", "b"]


def test_the_card_gets_the_facts_and_keeps_its_words(shipped, tmp_path):
    """With a row for each sitting; what stood in the block before is gone."""
    text = (tmp_path / shipped.card).read_text()
    assert shipped.sha256 in text
    assert "20 steps of 4, in 2 minutes" in text
    assert "| 0 | 3 minutes | 0.0002 | a processor | 1 |  |\n" in text
    assert "| 12 | 1 minutes | 0.0004 | another | 2 | `abababababab…` |" in text
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


def test_what_cannot_be_shipped_is_refused_before_anything_is_written(trained):
    """Too large a file (at most 10 MB each, for they travel with the package), one of unknown making, or none."""
    weights_file = trained / "weights.safetensors"
    verify(trained)
    save({"a": torch.ones(2_600_000)}, weights_file)
    with pytest.raises(JobError, match="at most 10,000,000 bytes"):
        verify(trained)
    save_file({"a": torch.ones(1)}, weights_file)
    with pytest.raises(JobError, match="does not tell how it was made"):
        verify(trained)
    weights_file.unlink()
    with pytest.raises(JobError, match="no such file; train first"):
        verify(trained)


def test_a_curve_is_drawn_in_its_colour(tmp_path):
    """Of each score there is a line on the right."""
    (tmp_path / "curves.csv").write_text(CURVES)
    picture = draw_curves(read_curves(tmp_path / "curves.csv"))
    right = picture.crop((480, 0, 960, 320))
    assert (31, 119, 180) in {colour for _, colour in right.getcolors(1 << 20)}
