"""SAM's image encoder computes what its authors' code does, in every way that it has."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import torch
from segment_anything.modeling.image_encoder import ImageEncoderViT
from torch import Tensor, nn

from job.models import relative_attention
from job.models.image_encoder import How, ImageEncoder
from job.models.relative_attention import Attention, Terms
from tests.models.compare import assert_close

ROOT = Path(__file__).parents[2]
ANYWHERE: list[Attention] = ["sliced", "appended"]
"""What runs on any device."""
SIDE = 320
"""Of the images, px: 20 x 20 tokens, which four windows of 14 x 14 cover with tokens to spare."""


@pytest.fixture(scope="module")
def authors() -> Any:
    """A small encoder of the authors: two blocks of windows around one of the whole image, no weight of which is 0."""
    torch.manual_seed(0)
    network = ImageEncoderViT(
        img_size=SIDE,
        embed_dim=192,
        depth=3,
        num_heads=3,
        out_chans=32,
        use_rel_pos=True,
        window_size=14,
        global_attn_indexes=(1,),
        norm_layer=partial(nn.LayerNorm, eps=1e-6),
    )
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if "rel_pos" in name or name == "pos_embed" or name.endswith("bias"):
                weight.normal_(std=0.3)
    return network.eval()


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(2, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def exact(authors: Any, images: Tensor) -> Tensor:
    """The authors' features in float64."""
    with torch.inference_mode():
        features: Tensor = copy.deepcopy(authors).double()(images.double())
        return features


def errors(features: Tensor, exact: Tensor) -> Tensor:
    """Return the errors as shares of the largest feature."""
    return (features - exact).abs() / exact.abs().max()


@torch.inference_mode()
def encoded(authors: Any, images: Tensor, dtype: torch.dtype, attention: Attention) -> Tensor:
    return ImageEncoder(authors, dtype, How(attention=attention, windowed=attention), batch=4)(images)


@pytest.mark.parametrize("attention", ANYWHERE)
def test_features_equal_the_authors(authors: Any, images: Tensor, exact: Tensor, attention: Attention) -> None:
    """In float32 they are as near to those of float64 as the authors' own are, and within 1e-6 of the largest."""
    with torch.inference_mode():
        theirs = errors(authors(images), exact)
    ours = errors(encoded(authors, images, torch.float32, attention), exact)
    assert ours.max() < 1e-6
    assert ours.mean() < 1.2 * theirs.mean()


@pytest.mark.parametrize("attention", ANYWHERE)
def test_bfloat16_loses_less_than_autocast(authors: Any, images: Tensor, exact: Tensor, attention: Attention) -> None:
    """Its mean error is below that of the authors' code under autocast; features stay in float32."""
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        theirs = errors(authors(images), exact)
    features = encoded(authors, images, torch.bfloat16, attention)
    assert features.dtype == torch.float32
    assert errors(features, exact).mean() < 0.9 * theirs.mean()


def test_the_authors_network_is_left_as_it_is(authors: Any, images: Tensor) -> None:
    """Its weights are neither replaced nor cast."""
    before = {name: weight.clone() for name, weight in authors.state_dict().items()}
    encoded(authors, images, torch.bfloat16, "sliced")
    after = authors.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())


def random_terms(channels: int = 64) -> Terms:
    """Return terms of two images with three heads, 16 x 16 tokens, and so many channels."""
    generator = torch.Generator().manual_seed(2)
    shapes = [channels, channels, channels, 16, 16]
    return Terms(*(torch.randn(2, 3, 256, last, generator=generator) for last in shapes))


def with_a_map(terms: Terms) -> Tensor:
    """Attend by the formula, in float64, with all scores at once."""
    queries, keys, values, by_row, by_column = (tensor.double() for tensor in terms)
    scores = queries @ keys.transpose(-2, -1) / queries.shape[-1] ** 0.5
    scores += by_row.repeat_interleave(16, dim=-1) + by_column.repeat(1, 1, 1, 16)
    return scores.softmax(dim=-1) @ values


@pytest.mark.parametrize("attention", ANYWHERE)
def test_attention_equals_its_formula(attention: Attention) -> None:
    """In float32, within 1e-6 of the largest number."""
    terms = random_terms()
    assert_close(relative_attention.FUNCTIONS[attention](terms), with_a_map(terms), 1e-6)


@pytest.mark.parametrize("heads_together", [0.5, 1, 2, 3, 4, 6, 100])
def test_slices_do_not_change_attention(heads_together: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two images with three heads each, however many biases may exist at once."""
    terms = random_terms()
    monkeypatch.setitem(relative_attention.BIAS_NUMBERS, "cpu", int(heads_together * 256**2))
    assert_close(relative_attention.sliced(terms), with_a_map(terms), 1e-6)


INTERPRETED = """
from job.models.relative_attention import FUNCTIONS
from tests.models.test_image_encoder import random_terms, with_a_map
for channels in (64, 80):  # as in ViT-B and ViT-L, and as in ViT-H
    terms = random_terms(channels)
    exact = with_a_map(terms)
    assert (FUNCTIONS["kernel"](terms) - exact).abs().max() < 1e-6 * exact.abs().max()
"""


@pytest.mark.skipif(find_spec("triton") is None, reason="this torch comes without triton")
def test_the_kernel_equals_its_formula() -> None:
    """In Triton's interpreter, which runs it on the CPU in float32: within 1e-6 of the largest number."""
    variables = {**os.environ, "TRITON_INTERPRET": "1", "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", INTERPRETED], env=variables, cwd=ROOT, check=True)


def test_compiled_blocks_always_run_on_a_whole_batch(
    authors: Any, images: Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two images and two of zeros, if the batch is four; the features are those of the images."""
    sizes = set[int]()

    def compiled(function: Any) -> Any:
        return lambda tokens, *others: sizes.add(len(tokens)) or function(tokens, *others)

    monkeypatch.setattr(torch, "compile", compiled)
    how = How(attention="sliced", windowed="sliced", compiled=True)
    with torch.inference_mode():
        features = ImageEncoder(authors, torch.float32, how, batch=4)(images)
    assert sizes == {4}
    assert_close(features, encoded(authors, images, torch.float32, "sliced"), 1e-6)


@pytest.mark.long
@torch.inference_mode()
def test_compiled_blocks_compute_the_same(authors: Any, images: Tensor, exact: Tensor) -> None:
    """Within 1e-6 of the largest feature, as without the compiler."""
    how = How(attention="sliced", windowed="sliced", compiled=True)
    assert errors(ImageEncoder(authors, torch.float32, how, batch=2)(images), exact).max() < 1e-6
