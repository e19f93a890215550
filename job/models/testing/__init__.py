"""The conformance suite of models, and what its tests ask. It needs pytest."""

from job.models.testing.requests import built, encode, make_request, random_image, requests_of
from job.models.testing.suite import ModelSuite

__all__ = ["ModelSuite", "built", "encode", "make_request", "random_image", "requests_of"]
