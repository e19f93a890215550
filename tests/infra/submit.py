"""The submit script as a module; its folder's name is none that can be imported."""

import importlib.util
import sys

from tests.infra.podman import ROOT


def imported():
    """Import it."""
    found = importlib.util.spec_from_file_location("submit", ROOT / "infra/aws-batch/submit.py")
    module = importlib.util.module_from_spec(found)
    sys.modules["submit"] = module
    found.loader.exec_module(module)
    return module
