"""Descendants of Segment Anything from checkpoints as the Hugging Face hub lays them out, run by `transformers`.

A checkpoint is a folder: `config.json`, `preprocessor_config.json` and the weights as safetensors. Nothing is fetched
from a hub here, and no code of a folder is ever run.
"""

from job.models.protocol import Capabilities

AS_SAM = Capabilities(points=True, boxes=True, multimask=True, mask_input="optional")
ONE_MASK = Capabilities(points=True, boxes=True, multimask=False, mask_input="optional")

FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "model.safetensors",
    "model-*.safetensors",
    "model.safetensors.index.json",
)
"""Patterns of the files that are read."""
PACKAGES = {"transformers": "pip install 'medsam-job[transformers]'"}
"""The package that is needed, and what installs it."""
