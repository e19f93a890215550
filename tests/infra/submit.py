"""Import the submit script. Its folder's name, `aws-batch`, is not a valid package name."""

import importlib.util
import sys

from tests.infra.engine import ROOT


def imported():
    """Return the script as a module."""
    spec = importlib.util.spec_from_file_location("submit", ROOT / "infra/aws-batch/submit.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["submit"] = module
    spec.loader.exec_module(module)
    return module
