"""Packages of other people, installed for a test."""

import sys

import pytest

from job.study.entry_points import installed


@pytest.fixture
def install_package(tmp_path, monkeypatch):
    """Return a function that installs a package of one module, version 1.2, as pip lays it out."""

    def installing(module, code, group, entry_point):
        package = module.replace("_", "-")
        info = tmp_path / f"{module}-1.2.dist-info"
        info.mkdir(exist_ok=True)
        (tmp_path / f"{module}.py").write_text(code)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{entry_point}\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, module, raising=False)
        installed.cache_clear()

    yield installing
    installed.cache_clear()
