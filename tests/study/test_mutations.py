"""Any file is a study or a list of faults with places: no traceback, and no check that takes long."""

import json
import re
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, example, given, settings

from job.errors import SpecError
from job.models import registry
from job.plan.blocks import prompt_blocks
from job.plan.file import spec_name
from job.study import LoadedSpec, load
from job.study.yaml_nodes import CONTROL
from tests.cases import SPEC, draw_case, medsam_job
from tests.models.fake import FakeModel
from tests.study.mutations import ENVIRONMENT, specs

PLACED = re.compile(r"\S+\.yaml:[1-9]\d*:[1-9]\d*: .")
BOUNDED = timedelta(seconds=20)
CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
STUDY = SPEC.format(data="data", output="results")
few = settings(max_examples=300, deadline=BOUNDED, derandomize=True, suppress_health_check=CALM)
many = settings(max_examples=10_000, deadline=BOUNDED, suppress_health_check=CALM)
commands = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=CALM)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("specs") / "mutated.yaml"


def check(file: Path, data: bytes) -> None:
    """Check that bytes are a spec that can be planned and stored, or have faults of one line each."""
    file.write_bytes(data)
    try:
        use(load(file, ENVIRONMENT))
        faults = []
    except SpecError as error:
        faults = str(error).split("\n")
    assert all(PLACED.match(line) and not CONTROL.search(line) for line in faults)
    assert not any("hush" in line for line in faults)


def use(spec: LoadedSpec) -> None:
    """Do what later steps do with a spec before they read data."""
    assert json.dumps(spec.study.model_dump(mode="json"))
    assert json.dumps(spec.source.raw, ensure_ascii=False).encode()
    assert all(dataset.intensity.label for dataset in spec.study.datasets)
    assert spec_name(spec.study, None)
    assert prompt_blocks(spec)


@few
@given(specs())
def test_a_mutated_spec_is_a_study_or_a_list_of_faults(file: Path, data: bytes) -> None:
    """300 specs, the same in every run."""
    check(file, data)


@pytest.mark.long
@many
@given(specs())
def test_ten_thousand_mutated_specs(file: Path, data: bytes) -> None:
    """Different ones in every run."""
    check(file, data)


def stays(file: Path, folder: Path) -> bool:
    """Return whether a spec reads and writes only below a folder, in memory and in packages, or cannot be loaded."""
    try:
        study = load(file).study
    except SpecError:
        return True
    addresses = [study.output_address, *(model.checkpoint for model in study.models)]
    for dataset in study.datasets:
        for masks in (dataset.masks, *(task.masks for task in dataset.tasks.values())):
            addresses += [masks] if isinstance(masks, str) else masks or []
        for selection in (dataset.only, dataset.except_):
            addresses += [selection.get("list")] if isinstance(selection, dict) else []
        addresses.append(dataset.images)
    return all(_near(address, folder) for address in addresses if address is not None)


def _near(address: str, folder: Path) -> bool:
    if "://" in address:
        return address.startswith(("package://", "memory://")) and "::" not in address
    return not address.startswith("~") and (folder / address).resolve().is_relative_to(folder.resolve())


@pytest.mark.parametrize("command", ["validate", "run"])
@commands
@given(specs([STUDY]))
@example(STUDY.encode())
def test_the_command_line_ends_with_0_2_or_3(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], command: str, data: bytes
) -> None:
    """Without a traceback, and without writing outside the study's folder."""
    monkeypatch.setattr(registry, "build", lambda spec, *arguments: FakeModel(registry.capabilities(spec)))
    monkeypatch.setattr(registry, "check", lambda *arguments: None)  # it takes a second for each spec
    monkeypatch.setenv("STUDY_SECRET", "hush")
    with TemporaryDirectory() as outside, monkeypatch.context() as inside:
        folder = Path(outside) / "here"
        draw_case(folder / "data", "case.png", seed=1)
        inside.chdir(folder)
        inside.setenv("MEDSAM_JOB_CACHE", str(folder / "cache"))
        (folder / "study.yaml").write_bytes(data)
        if not stays(folder / "study.yaml", folder):
            return
        assert medsam_job(inside, command, "study.yaml") in (0, 2, 3)
        assert [path.name for path in Path(outside).iterdir()] == ["here"]
    out, err = capfd.readouterr()
    assert "Traceback" not in out + err
