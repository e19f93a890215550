"""What went wrong when people ran the job, as scripts that end with 0 once it is right."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import SHARED, needs_shared

pytestmark = needs_shared

SCRIPTS = sorted(path.name for path in (SHARED / "cases/operations").glob("[a-z]*.sh"))


def test_there_are_thirteen_scripts():
    """None is left out."""
    assert len(SCRIPTS) == 13


@pytest.mark.parametrize("name", SCRIPTS)
def test_the_script_ends_with_0(name):
    """It uses the installed program, against a real S3 server where it needs one."""
    programs = Path(sys.executable).parent
    environment = os.environ | {
        "MJ": str(programs / "medsam-job"),
        "MJ_PY": sys.executable,
        "WEED": str(programs / "weed"),
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        ["bash", SHARED / "cases/operations" / name], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
