"""Formats of volumes that other packages bring, by entry points of the group `medsam_job.formats`.

An entry point names a module or object that satisfies `volumes.VolumeFormat`. docs/own-format.md has an example.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from numpy.typing import NDArray

from job.datasets.formats.returned import header_fault, values_fault
from job.datasets.formats.volume import StoredHeader
from job.errors import DataError, JobError
from job.storage import FileInfo, damage_named, text_of
from job.study.entry_points import is_own_fault

GROUP = "medsam_job.formats"
FUNCTIONS = ("read_header", "read_values")


@dataclass(frozen=True, kw_only=True, eq=False)
class Plugin:
    """A format of another package, which may raise or return anything for a file that it was not written for.

    version: of that package, part of the names of chunks that are read by it.
    """

    form: Any
    name: str
    version: str

    @property
    def ENDINGS(self) -> tuple[str, ...]:  # noqa: N802
        """The ends of the names of its files."""
        return tuple(self.form.ENDINGS)

    def read_header(self, file: FileInfo) -> StoredHeader:
        """Read what a file states about its volume; DataError for whatever else the package raises or returns."""
        with damage_named(file.address, self._damaged):
            header = self.form.read_header(file)
        self._check("read_header", header_fault(header))
        stored: StoredHeader = header
        return stored

    def read_values(self, file: FileInfo) -> NDArray[Any]:
        """Read the values of a local file; DataError for whatever else the package raises or returns."""
        with damage_named(file.address, self._damaged):
            values = self.form.read_values(file)
        self._check("read_values", values_fault(values))
        numbers: NDArray[Any] = values
        return numbers

    def _check(self, function: str, fault: str) -> None:
        if fault:
            detail = f"{function} of the format {self.name} of {self.version}: {fault}; mend or update the package"
            raise DataError("unreadable", detail)

    def _damaged(self, error: Exception) -> str:
        return f"the format {self.name} of {self.version} raised {type(error).__name__}: {text_of(error)}"


def plugin_of(file: FileInfo) -> Plugin | None:
    """Return the format of another package whose ending a file's name has, None if there is none."""
    name = file.address.lower()
    return next((plugin for plugin in plugins() if name.endswith(plugin.ENDINGS)), None)


@lru_cache(maxsize=1)
def plugins() -> tuple[Plugin, ...]:
    """Return the formats of all installed packages, sorted by name; raise JobError for one that cannot be used."""
    return tuple(_loaded(point) for point in sorted(entry_points(group=GROUP), key=lambda point: point.name))


def _loaded(point: EntryPoint) -> Plugin:
    package = point.dist.name if point.dist else point.value
    try:
        form = point.load()
    except Exception as error:  # whatever the package's own code raises
        if not is_own_fault(error):
            raise
        raise JobError(f"the format {point.name} of the package {package} cannot be imported: {error}") from error
    endings = getattr(form, "ENDINGS", None)
    sound = isinstance(endings, tuple) and all(isinstance(each, str) and each.startswith(".") for each in endings)
    if not sound or not all(callable(getattr(form, name, None)) for name in FUNCTIONS):
        expected = 'expected ENDINGS, such as (".xyz",), read_header and read_values'
        raise JobError(f"the format {point.name} of the package {package} is incomplete: {expected}")
    return Plugin(form=form, name=point.name, version=f"{package} {point.dist.version if point.dist else ''}".strip())
