"""From a YAML file to a typed study, or to all of its faults at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from job.errors import SpecError
from job.spec.cross_checks import cross_faults
from job.spec.explain import explain, is_echo, merged
from job.spec.study import Study
from job.spec.yaml_source import YamlSource, parse


@dataclass(frozen=True)
class LoadedSpec:
    """A valid study with the file that it came from, so that later checks can name line and column too."""

    study: Study
    source: YamlSource


def load(path: str | Path, environment: Mapping[str, str] | None = None) -> LoadedSpec:
    """Read a spec from a local file; raise SpecError with every fault of it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise SpecError([YamlSource(str(path)).fault((), f"cannot be read: {_reason(error)}")]) from None
    return loads(text, str(path), environment)


def loads(text: str, file: str = "spec.yaml", environment: Mapping[str, str] | None = None) -> LoadedSpec:
    """Read a spec from text; raise SpecError with every fault of it."""
    source = parse(text, file, os.environ if environment is None else environment)
    if not isinstance(source.data, dict):
        raise SpecError([source.fault((), "expected a mapping with study, datasets, models, prompts", source.data)])
    faults = [*source.faults, *cross_faults(source)]
    study = None
    try:
        study = Study.model_validate_json(json.dumps(source.data))
    except ValidationError as error:
        found = error.errors(include_url=False)
        faults += merged(explain(details, source) for details in found if not is_echo(details))
    if study is None or faults:
        unset = {(fault.line, fault.column) for fault in source.faults}
        raise SpecError(f for f in dict.fromkeys(faults) if f in source.faults or (f.line, f.column) not in unset)
    return LoadedSpec(study, source)


def _reason(error: Exception) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else "not UTF-8 text"
