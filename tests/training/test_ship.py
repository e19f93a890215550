"""Trained weights become a file of the package, with curves, a picture and the facts of the model card."""

import json

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from job.errors import JobError
from job.models import demo_weights
from job.models.checkpoint import METADATA_KEY, read_metadata
from job.models.families.lite_medsam_clicks import LiteMedSamClicks
from job.models.known_weights import lite_medsam_checkpoint
from job.models.registry import build
from job.storage import sha256
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
    """Write a weights file with metadata as a training writes it."""
    made = MADE_WITH | {"encoder_sha256": sha256(lite_medsam_checkpoint())}
    save_file(tensors, path, metadata={METADATA_KEY: json.dumps(made)})


@pytest.fixture
def trained(tmp_path):
    """The folder of a training, with the shipped tensors. A project with a model card is beside it."""
    folder = tmp_path / "clicks"
    folder.mkdir()
    save(load_file(demo_weights.FOLDER / f"{NAME}.safetensors"), folder / "weights.safetensors")
    (folder / "curves.csv").write_text(CURVES)
    (tmp_path / CARDS).mkdir(parents=True)
    (tmp_path / CARDS / f"{NAME}.md").write_text(CARD)
    return folder


@pytest.fixture
def shipped(trained, tmp_path):
    """The declaration of the shipped weights."""
    return ship(trained, NAME, tmp_path, tmp_path)


def test_the_shipped_file_equals_the_trained_one(shipped, trained, tmp_path):
    """It has the same bytes and metadata, and a model can be built from it."""
    path = tmp_path / shipped.file
    assert path.read_bytes() == (trained / "weights.safetensors").read_bytes()
    assert MADE_WITH.items() <= read_metadata(path).items()
    spec = LiteMedSamClicks(name="c", family=NAME, checkpoint=str(path))
    assert build(spec, path, torch.device("cpu"), "fp32").capabilities.points


def test_metadata_and_card_state_the_share(trained, tmp_path):
    """Shipping the same share again writes the same hash. The card names the earlier weights."""
    first, second = (ship(trained, NAME, tmp_path, tmp_path, share=0.5) for _ in range(2))
    assert first == second
    assert read_metadata(tmp_path / first.file)["share"] == 0.5
    assert "50% of the way from LiteMedSAM's own" in (tmp_path / first.card).read_text()
    ship(trained, NAME, tmp_path, tmp_path, share=0.5, start=trained / "weights.safetensors")
    earlier = sha256(trained / "weights.safetensors")[:12]
    assert f"50% of the way from those of sha256 {earlier}… after step 20" in (tmp_path / first.card).read_text()


def test_a_declaration_has_hash_purpose_and_card(shipped, tmp_path):
    """`weights.json` has them for each file, and the list of retired hashes."""
    declare([shipped], tmp_path / "weights.json")
    assert json.loads((tmp_path / "weights.json").read_text()) == {
        f"{NAME}.safetensors": {
            "sha256": sha256(tmp_path / shipped.file),
            "purpose": "demo",
            "card": f"docs/models/{NAME}.md",
            "retired": [],
        }
    }


def test_a_replaced_hash_is_kept_as_retired(shipped, trained, tmp_path):
    """Each hash is listed once, in order. Other entries do not change. Shipping the same weights again retires none."""
    path = tmp_path / "weights.json"
    other = {"sha256": "c", "purpose": "demo", "card": "o.md", "retired": []}
    mine = {"sha256": "b", "purpose": "demo", "card": "m.md", "retired": ["a"]}
    path.write_text(json.dumps({"other.safetensors": other, shipped.file: mine}))
    for _ in range(2):
        declare([shipped], path)
    declared = json.loads(path.read_text())
    assert declared["other.safetensors"] == other
    assert declared[shipped.file]["retired"] == ["a", "b"]


def test_the_facts_replace_the_block_of_the_card(shipped, tmp_path):
    """They have a row for each sitting. The text outside the block does not change."""
    text = (tmp_path / shipped.card).read_text()
    assert shipped.sha256 in text
    assert "20 steps of 4, in 2 minutes" in text
    assert "| 0 | 3 minutes | 0.0002 | a processor | 1 |  |\n" in text
    assert "| 12 | 1 minutes | 0.0004 | another | 2 | `abababababab…` |" in text
    assert "old" not in text
    assert text.endswith("<!-- end of facts -->\n\n## Limits\n")


def test_a_card_without_the_block_is_refused(tmp_path):
    """`fill` raises ValueError for a card without the marker lines."""
    (tmp_path / "card.md").write_text("# Card\n")
    with pytest.raises(ValueError, match="expected the lines"):
        fill(tmp_path / "card.md", "facts", "training/ship.py", "text")


def test_curves_end_with_the_weights(shipped, tmp_path):
    """Rows of steps after the shipped weights are left out. The picture is written too."""
    assert [row["step"] for row in read_curves(tmp_path / CARDS / f"{NAME}_curves.csv")] == ["1", "20"]
    with Image.open(tmp_path / CARDS / f"{NAME}_curves.png") as picture:
        assert picture.size == (960, 320)


def test_a_share_interpolates_between_earlier_and_trained_weights():
    """Share 0 gives the earlier weights, a half the mean, and 1 the trained weights."""
    earlier, trained = {"a": torch.tensor([0.0, 2.0])}, {"a": torch.tensor([1.0, 4.0], dtype=torch.float16)}
    interpolated = [towards(trained, earlier, share)["a"].tolist() for share in (0.0, 0.5, 1.0)]
    assert interpolated == [[0.0, 2.0], [0.5, 3.0], [1.0, 4.0]]


def test_weights_that_cannot_be_shipped_are_refused(trained):
    """A file above 10 MB, a file without metadata, and a missing file are each refused with JobError."""
    weights_file = trained / "weights.safetensors"
    verify(trained)
    save({"a": torch.ones(2_600_000)}, weights_file)
    with pytest.raises(JobError, match="at most 10,000,000 bytes"):
        verify(trained)
    save_file({"a": torch.ones(1)}, weights_file)
    with pytest.raises(JobError, match="has no metadata on how it was made"):
        verify(trained)
    weights_file.unlink()
    with pytest.raises(JobError, match="no such file; train first"):
        verify(trained)


def test_a_score_is_drawn_in_its_colour(tmp_path):
    """The right half of the picture has a line in the first colour for the first score."""
    (tmp_path / "curves.csv").write_text(CURVES)
    picture = draw_curves(read_curves(tmp_path / "curves.csv"))
    right = picture.crop((480, 0, 960, 320))
    assert (31, 119, 180) in {colour for _, colour in right.getcolors(1 << 20)}
