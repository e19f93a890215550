"""NSD is MONAI's surface Dice with lengths below a pixel."""

import pytest
import torch
from monai.metrics import compute_surface_dice

from job.metrics.boundary import nsd
from tests.metrics.masks import KINDS, SPACINGS, pair

pytestmark = pytest.mark.filterwarnings("ignore")


def one_hot(mask_HW):
    return torch.tensor(mask_HW)[None, None].float()


@pytest.mark.parametrize("spacing", SPACINGS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_nsd_agrees_with_monai(kind, spacing):
    """Without `use_subvoxels`, MONAI counts the pixels of borders, as its HD95 and ASSD do."""
    masks = pair(kind, seed=7, spacing=spacing)
    expected = compute_surface_dice(
        one_hot(masks.prediction_HW),
        one_hot(masks.truth_HW),
        [2.0],
        include_background=True,
        spacing=spacing,
        use_subvoxels=True,
    )
    assert nsd(masks, 2.0) == pytest.approx(expected.item(), abs=1e-6)
