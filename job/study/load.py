"""Parse a YAML study spec into a typed study, or raise all of its faults at once."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from job.errors import Fault, SpecError, UnsetVariablesError
from job.study.cross_checks import cross_faults
from job.study.explain import explain, merged, relevant
from job.study.includes import Read, no_store
from job.study.study import Study
from job.study.yaml_nodes import parse
from job.study.yaml_source import Place, YamlSource, shorten
from job.study.yaml_text import MAX_BYTES, decoded


@dataclass(frozen=True)
class LoadedSpec:
    """A valid study and its source, which gives line and column to the faults of later checks."""

    study: Study
    source: YamlSource


def load_bytes(
    data: bytes, file: str, environment: Mapping[str, str] | None = None, read: Read = no_store
) -> LoadedSpec:
    """Parse the content of a spec file. `file`: its path or address. `read`: reads the files that it includes.

    Raise SpecError with all faults.
    """
    return loads(decoded(data, file, "a study spec"), file, environment, read)


def load(path: str | Path, environment: Mapping[str, str] | None = None, read: Read = no_store) -> LoadedSpec:
    """Read a spec from a local path, which may be a pipe. Raise SpecError with all faults."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise SpecError([YamlSource(str(Path(path))).fault((), f"cannot be read: {reason or error}")]) from None
    return load_bytes(data, str(Path(path)), environment, read)


def loads(
    text: str, file: str = "spec.yaml", environment: Mapping[str, str] | None = None, read: Read = no_store
) -> LoadedSpec:
    """Parse the text of a spec. Raise SpecError with all faults."""
    environment = os.environ if environment is None else environment
    source = parse(text, file, environment, read)
    if not isinstance(source.data, dict):
        raise SpecError([source.fault((), "expected a mapping with study, datasets, models, prompts", source.raw)])
    faults = [*source.faults, *cross_faults(source)]
    study = None
    try:
        study = Study.model_validate_json(json.dumps(source.data))
    except ValidationError as error:
        errors = relevant(error.errors(include_url=False), source)
        faults += merged(explain(details, source) for details in errors)
    if study is None or faults or source.unset:
        raise _refusal(source, faults, environment)
    return LoadedSpec(study, source)


def _refusal(source: YamlSource, faults: Sequence[Fault], environment: Mapping[str, str]) -> SpecError:
    """Return the error with all faults. A value that could not be read, such as an unset variable, has no second."""
    unread = {Place(fault.file, fault.line, fault.column) for fault in source.faults}
    unread |= {source.places[path] for paths in source.unset.values() for path in paths}
    kept = [f for f in dict.fromkeys(faults) if f in source.faults or Place(f.file, f.line, f.column) not in unread]
    if not source.unset:
        return SpecError(kept)
    uses = {name: tuple(source.as_written(path, "") for path in paths) for name, paths in source.unset.items()}
    return UnsetVariablesError([*kept, *_unset_faults(source, environment)], uses)


def _unset_faults(source: YamlSource, environment: Mapping[str, str]) -> Iterator[Fault]:
    """Yield one fault for each variable that has no value, at the first place that needs it."""
    for name, paths in source.unset.items():
        state, shown = "is empty" if name in environment else "is not set", shorten(name)
        more = f", here and in {len(paths) - 1} more of the spec's values" if len(paths) > 1 else ""
        yield source.fault(
            paths[0], f"the variable {shown} {state}{more}", hint=f"set it, or write ${{{shown}:-default}}"
        )
