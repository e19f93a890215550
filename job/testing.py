"""Conformance suites for what other packages bring: models, click protocols, formats of files. They need pytest."""

from job.datasets.testing import VolumeFormatSuite
from job.models.testing import ModelSuite, built, encode, make_request, random_image
from job.prompts.testing import ProtocolSuite

__all__ = ["ModelSuite", "ProtocolSuite", "VolumeFormatSuite", "built", "encode", "make_request", "random_image"]
