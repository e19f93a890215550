"""Conformance suites for what other packages bring: models, click protocols, modes, formats. They need pytest."""

from job.datasets.testing import VolumeFormatSuite
from job.models.testing import ModelSuite, built, encode, make_request, random_image
from job.prompts.testing import ModeSuite, ProtocolSuite

__all__ = [
    "ModeSuite",
    "ModelSuite",
    "ProtocolSuite",
    "VolumeFormatSuite",
    "built",
    "encode",
    "make_request",
    "random_image",
]
