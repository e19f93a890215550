"""The config of an official checkpoint of this kind: `{"class": "….HRNetModel", "params": {name: {"value": …}, …}}`.

It is read as data and compared with the architecture that a spec names. No class is imported.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from job.errors import WeightsError

A = TypeVar("A")
"""A family's architectures."""


@dataclass(frozen=True, kw_only=True)
class ConfigForm:
    """What the config of a family holds.

    family: its name in errors. model_class: last part of `class`. types: the params that are read. required: those that
    may not be absent. supported: the only value of others that a network has, as in all released checkpoints.
    """

    family: str
    model_class: str
    types: Mapping[str, type]
    required: Collection[str]
    supported: Mapping[str, Any]

    def read(self, config: Any) -> dict[str, Any]:
        """Return the params that are present, without the supported ones; WeightsError at a fault."""
        if not isinstance(config, Mapping) or not isinstance(config.get("params"), Mapping):
            got = type(config).__name__
            raise WeightsError(f"{self.family} config: expected a mapping with 'class' and 'params' (got {got})")
        if str(config.get("class")).rpartition(".")[2] != self.model_class:
            expected = f"expected {self.model_class}"
            raise WeightsError(f"{self.family} config: class: {expected} (got {config.get('class')!r})")
        values = dict(_values(config["params"]))
        for name in self.required:
            if values.get(name) is None:
                raise self._fault(name, f"{self.types[name].__name__} (it is absent)")
        types = {**self.types, **{name: type(value) for name, value in self.supported.items()}}
        return {name: value for name in types if (value := self._checked(name, values.get(name), types)) is not None}

    def _checked(self, name: str, value: Any, types: Mapping[str, type]) -> Any:
        """Return a value of the right type, None if it is absent or has no choice."""
        if value is None:
            return None
        if type(value) is not types[name]:
            raise self._fault(name, f"{types[name].__name__} (got {value!r})")
        if name not in self.supported:
            return value
        if value != self.supported[name]:
            raise self._fault(name, f"{self.supported[name]}, as in all released weights (got {value})")
        return None

    def _fault(self, name: str, expected: str) -> WeightsError:
        return WeightsError(f"{self.family} config: params.{name}: expected {expected}")


def _values(params: Mapping[str, Any], depth: int = 1) -> Iterator[tuple[str, Any]]:
    """Yield names and values; a group such as `backbone_params` yields its members, a pair of equal sides one side."""
    for name, entry in params.items():
        value = entry.get("value") if isinstance(entry, Mapping) and "value" in entry else entry
        if isinstance(value, Mapping) and depth:  # not deeper: a dict in a file may hold itself
            yield from _values(value, depth - 1)
        elif isinstance(value, list | tuple) and len(value) == 2 and value[0] == value[1]:
            yield name, value[0]
        else:
            yield name, value


def check_params(params: Mapping[str, Any], name: str, architectures: Mapping[str, Any]) -> None:
    """Raise WeightsError unless the params of a config are those of the architecture that the spec names."""
    differing = _differing(params, named(name, architectures))
    if differing:
        matching = [other for other, known in architectures.items() if not _differing(params, known)]
        remedy = f"set arch: {matching[0]}" if matching else f"supported are {', '.join(architectures)}"
        raise WeightsError(f"arch: the checkpoint is not {name}: {', '.join(differing)}; {remedy}")


def _differing(params: Mapping[str, Any], arch: Any) -> list[str]:
    expected = asdict(arch)
    return [f"{k} {value!r} instead of {expected[k]!r}" for k, value in params.items() if value != expected[k]]


def named(name: str, architectures: Mapping[str, A]) -> A:
    """Return the architecture that a spec names."""
    if name not in architectures:
        raise WeightsError(f"arch: expected one of {', '.join(architectures)} (got {name!r})")
    return architectures[name]
