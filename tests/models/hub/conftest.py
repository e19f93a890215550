from __future__ import annotations

from pathlib import Path

import pytest
import transformers

from job.models.hub.model import HubModel
from job.testing import built
from tests.models.hub.oracle import sam2_config, sam2_processor, saved


@pytest.fixture(scope="session")
def sam2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small SAM 2 with random weights."""
    return saved(transformers.Sam2Model(sam2_config()), sam2_processor(), tmp_path_factory.mktemp("sam2"))


@pytest.fixture(scope="session")
def sam2(sam2_folder: Path) -> HubModel:
    model = built({"name": "sam2", "family": "sam2", "checkpoint": str(sam2_folder)})
    assert isinstance(model, HubModel)
    return model
