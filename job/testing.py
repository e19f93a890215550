"""Conformance suites for what other packages bring: models and formats of files. They need pytest."""

from job.datasets.testing import VolumeFormatSuite
from job.models.testing import ModelSuite, built, encode, make_request, random_image

__all__ = ["ModelSuite", "VolumeFormatSuite", "built", "encode", "make_request", "random_image"]
