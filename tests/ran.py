"""Studies that have run with quick models: each is made once by a process of the tests, and copied for a test."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

import pytest
import structlog

from tests.cases import SPEC, draw_case, medsam_job, use_fake_models


class RanStudies:
    """Studies by the text of their spec. Their images lie below `root`, and no test may change them."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.originals: dict[tuple[str, tuple[str, ...]], Path] = {}

    def __call__(
        self,
        folder: Path,
        text: str = SPEC,
        *changes: tuple[str, str],
        cases: int = 3,
        arguments: tuple[str, ...] = (),
        results: str = "results",
    ) -> Path:
        """Copy a finished study into a folder and return the path of its spec, like `write_study` and a run.

        text: with `{data}`, the folder of the images, and `{output}`. changes: old and new words of the text so
        formatted. arguments: further ones of the run. results: the name of the folder of results. Manifest, report and
        database hold the addresses of the original.
        """
        spec = text.format(data=self._data(cases), output="OUTPUT")
        for old, new in changes:
            assert old in spec
            spec = spec.replace(old, new)
        shutil.copytree(self._original(spec, arguments), folder / results)
        (folder / "study.yaml").write_text(spec.replace("OUTPUT", str(folder / results)))
        return folder / "study.yaml"

    def _data(self, cases: int) -> Path:
        folder = self.root / f"{cases} cases"
        if not folder.exists():
            for number in range(cases):
                draw_case(folder, f"case{number}.png", seed=number)
        return folder

    def _original(self, spec: str, arguments: tuple[str, ...]) -> Path:
        """Return the results of a study, which runs at the first call. What it prints lies beside them."""
        key = spec, arguments
        if key not in self.originals:
            folder = Path(tempfile.mkdtemp(dir=self.root))
            (folder / "study.yaml").write_text(spec.replace("OUTPUT", str(folder / "results")))
            with (
                (folder / "printed").open("w") as printed,
                pytest.MonkeyPatch.context() as patch,
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(printed),
            ):
                use_fake_models(patch)
                assert medsam_job(patch, folder / "study.yaml", *arguments) == 0
            structlog.reset_defaults()
            self.originals[key] = folder / "results"
        return self.originals[key]
