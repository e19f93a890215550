"""The random studies, once for all tests: their marts take a few seconds."""

import pytest

from tests.statistics.recomputed.studies import random_study


@pytest.fixture(scope="package", params=[(1, ("sam", "ritm")), (2, ("ritm", "sam", "med"))], ids=["two", "three"])
def study(request):
    """A study of two models, and one of three."""
    return random_study(*request.param)
