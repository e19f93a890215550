"""Commands that run no model answer at once: they import only what they use."""

import subprocess
import sys
from functools import cache

import pytest

from tests.cases import write_generated

OTHERS = """\
  - name: clicks
    family: lite_medsam_clicks
  - name: ritm
    family: ritm
    arch: hrnet18s
    checkpoint: package://job/models/weights/ritm_h18s_demo.safetensors
prompts:
  - modes: [whole_box]
    models: [lite, clicks]
  - clicks: {protocol: ritm, max: 2}
    models: [ritm]
"""
PROGRAM = """\
import sys
from job.__main__ import command_line
sys.argv = ["medsam-job", *{arguments}]
try:
    command_line()
except SystemExit as end:
    code = end.code
print(code, *sorted({{name.partition(".")[0] for name in sys.modules}}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """The spec of a study with shipped weights of three families, and its output, in which its plan is stored."""
    folder = tmp_path_factory.mktemp("study")
    spec = write_generated(folder)
    spec.write_text(spec.read_text().replace("prompts:\n  - modes: [whole_box, each_box]", OTHERS))
    run("plan", spec, "--store")
    return spec, folder / "results"


@cache
def run(*arguments, code="0"):
    """Run the command line in a process of its own, once, and return the packages that it imported."""
    program = PROGRAM.format(arguments=list(map(str, arguments)))
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    found, *packages = ended.stderr.splitlines()[-1].split()
    assert found == code, ended.stderr
    return set(packages)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["status", "OUTPUT"],
        ["sql", "OUTPUT", "SELECT 1"],
        ["plan", "SPEC"],
        ["validate", "SPEC"],
        ["preview", "SPEC", "--output", "LOOK"],
    ],
)
def test_a_command_that_runs_no_model_imports_no_torch(arguments, study):
    """It takes seconds, as much as the rest of such a command."""
    places = {"SPEC": study[0], "OUTPUT": study[1], "LOOK": study[0].parent / "look"}
    assert not run(*(places.get(word, word) for word in arguments)) & {"torch", "torchvision", "timm"}


@pytest.mark.parametrize("arguments", [["--help"], ["status", "OUTPUT"]])
def test_help_and_status_import_no_decoder_and_no_statistics(arguments, study):
    """They answer in about a second."""
    heavy = {"scipy", "cv2", "nibabel", "tifffile", "duckdb", "pandas", "torch", "s3fs", "aiohttp"}
    assert not run(*(str(study[1]) if word == "OUTPUT" else word for word in arguments)) & heavy


def test_validate_imports_torch_for_weights_that_it_does_not_know(study, tmp_path):
    """Their keys and shapes are compared with the network, which is built for it."""
    spec = tmp_path / "study.yaml"
    spec.write_text(study[0].read_text().replace("arch: hrnet18s", "arch: hrnet32"))
    assert "torch" in run("validate", spec, code="2")
