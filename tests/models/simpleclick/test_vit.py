"""Attention within windows and within the image."""

import pytest
import torch

from job.models.simpleclick.architecture import ARCHITECTURES
from job.models.simpleclick.vit import Block, VisionTransformer, from_windows, in_windows


def test_the_tokens_of_a_window_are_neighbours():
    """Of 4 x 4 patches, numbered by rows, the first window has the first two of the first two rows."""
    tokens = torch.arange(16.0).view(1, 4, 4, 1)
    assert in_windows(tokens).flatten().tolist() == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15]


def test_the_order_of_the_image_is_restored():
    """Each image of a batch has its own patches in their places, channels first."""
    tokens = torch.rand(2, 28, 28, 5)
    assert torch.equal(from_windows(in_windows(tokens), 28), tokens.permute(0, 3, 1, 2))


@pytest.mark.parametrize(("windowed", "reached"), [(True, 4), (False, 16)])
def test_a_token_reaches_its_window_or_the_whole_image(windowed, reached):
    """A change of the first token changes those that attend to it, and none of another image."""
    torch.manual_seed(0)
    block = Block(8, 2, windowed=windowed)
    tokens = torch.rand(2, 16, 8)
    changed = tokens.clone()
    changed[0, 0] += torch.linspace(0, 1, 8)
    differs = (block(changed) != block(tokens)).any(dim=2)
    assert differs[0].sum() == differs[0, :reached].sum() == reached
    assert not differs[1].any()


@pytest.mark.parametrize(
    ("arch", "numbers"),
    [("vit_b", [6, 12]), ("vit_l", [6, 12, 18, 24]), ("vit_h", [8, 16, 24, 32]), ("vit_xt", [2, 4, 6, 8])],
)
def test_some_blocks_attend_to_the_whole_image(arch, numbers):
    """Counted from 1; the others attend within windows of 224 px."""
    with torch.device("meta"):
        blocks = VisionTransformer(ARCHITECTURES[arch]).blocks
    assert [number for number, block in enumerate(blocks, 1) if not block.windowed] == numbers
