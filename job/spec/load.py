"""From a YAML file, wherever it lies, to a typed study, or to all of its faults at once."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from job import storage
from job.errors import SpecError
from job.spec.addresses import refusal
from job.spec.cross_checks import cross_faults
from job.spec.explain import explain, is_echo, merged
from job.spec.study import Study
from job.spec.yaml_nodes import parse
from job.spec.yaml_source import YamlSource, character_fault

MAX_BYTES = 1 << 18


@dataclass(frozen=True)
class LoadedSpec:
    """A valid study with the file that it came from, so that later checks can name line and column too."""

    study: Study
    source: YamlSource


def load(address: str | Path, environment: Mapping[str, str] | None = None) -> LoadedSpec:
    """Read a spec; raise SpecError with every fault of it, StorageError if its store does not give it."""
    is_url = "://" in str(address)
    source = YamlSource(storage.public(str(address)) if is_url else str(Path(address)))
    data = _from_store(str(address), source) if is_url else _from_disk(Path(address), source)
    if len(data) > MAX_BYTES:
        raise SpecError([source.fault((), f"larger than {MAX_BYTES} bytes; expected a study spec")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig")
        raise SpecError([character_fault(source.file, before, "not UTF-8 text")]) from None
    return loads(text, source.file, environment)


def loads(text: str, file: str = "spec.yaml", environment: Mapping[str, str] | None = None) -> LoadedSpec:
    """Read a spec from text; raise SpecError with every fault of it."""
    source = parse(text, file, os.environ if environment is None else environment)
    if not isinstance(source.data, dict):
        raise SpecError([source.fault((), "expected a mapping with study, datasets, models, prompts", source.raw)])
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


def _from_store(address: str, source: YamlSource) -> bytes:
    """Read what stands at a URL, or the beginning of what is too large."""
    expected = refusal(address)
    if expected:
        raise SpecError([source.fault((), expected)])
    return storage.read_head(address, MAX_BYTES + 1)


def _from_disk(path: Path, source: YamlSource) -> bytes:
    """Read a local file as it comes, for it may be a pipe; the beginning of one too large."""
    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise SpecError([source.fault((), f"cannot be read: {reason or error}")]) from None
