"""Read YAML as plain data, with `${VAR}` expanded from the environment. No input runs code or reads without end."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from job.errors import SpecError
from job.study.includes import TAG as INCLUDE
from job.study.includes import Read, include, no_store
from job.study.variables import expand
from job.study.yaml_source import Path, Place, YamlSource, shorten
from job.study.yaml_text import composed, yaml_faults

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Characters that break a line, control a terminal, change the direction of text, or are not valid Unicode."""
TAG = "tag:yaml.org,2002:"
MERGE = f"{TAG}merge"
COLLECTIONS = (f"{TAG}map", f"{TAG}seq")
NUMBERS = (f"{TAG}int", f"{TAG}float")
CONSTRUCTED = (f"{TAG}null", f"{TAG}bool", *NUMBERS)
AS_WRITTEN = (f"{TAG}str", f"{TAG}timestamp", f"{TAG}value", MERGE)
MAX_VALUES = 50_000  # a few lines of nested aliases can expand to billions
MAX_DEPTH = 40
MAX_DIGITS = 400  # the largest float has 309 before its point; parsing a million digits takes minutes


def parse(text: str, file: str, environment: Mapping[str, str], read: Read = no_store) -> YamlSource:
    """Parse one YAML document. Faults that leave usable data are collected in `.faults`; others raise SpecError.

    file: path or address, to which those of included files are relative. read: reads these.
    """
    source = YamlSource(file)
    node = composed(text, file)
    if node is None:
        raise SpecError([source.fault((), "the spec is empty; expected a study")])
    include(node, file, environment, read)
    with yaml_faults(file):
        source.raw = _Builder(source, environment=None).build(node, ())
        source.faults.clear()
        source.data = _Builder(source, environment).build(node, ())
    return source


@dataclass
class _Builder:
    """Turns YAML nodes into plain data, and records places and faults. environment: None keeps variables as written."""

    source: YamlSource
    environment: Mapping[str, str] | None
    values: int = 0
    constructor: yaml.SafeLoader = field(default_factory=lambda: yaml.SafeLoader(""))

    def build(self, node: yaml.Node, path: Path) -> Any:
        self._count()
        self.source.places.setdefault(path, _place(node))
        if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTIONS:
            raise _refusal(node, _not_allowed(node.tag))
        if len(path) > MAX_DEPTH:
            raise _refusal(node, "nested too deeply to be a study spec")
        if isinstance(node, yaml.MappingNode):
            return {key: self.build(value, (*path, key)) for key, value in self._items(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        value = node.value if node.tag in AS_WRITTEN else self._constructed(node)
        if not isinstance(value, str) or self.environment is None:
            return value
        return self._readable(self._expanded(value, self.environment, path), path)

    def _count(self) -> None:
        self.values += 1
        if self.values > MAX_VALUES:
            raise yaml.YAMLError(f"more than {MAX_VALUES} values, aliases counted")

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        """Yield the keys and value nodes of a mapping, and record the places of the keys."""
        own = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.tag != MERGE)
        for name in (name for name, times in own.items() if times > 1):
            self.source.faults.append(self.source.fault(path, f"the key '{shorten(name)}' occurs more than once"))
        for key, value in self._pairs(node).values():
            name = self._readable(key.value, path)
            self.source.places[(*path, name)] = _place(key)
            yield name, value

    def _pairs(self, node: yaml.Node) -> dict[str, tuple[yaml.ScalarNode, yaml.Node]]:
        """Return the items of a mapping by key: first those of the mappings that it merges (`<<`), then its own."""
        if not isinstance(node, yaml.MappingNode):
            raise _refusal(node, "expected a mapping, or a list of mappings, after `<<`")
        own: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        merged: dict[str, tuple[yaml.ScalarNode, yaml.Node]] = {}
        for key, value in node.value:
            self._count()
            if not isinstance(key, yaml.ScalarNode):
                raise _refusal(key, "expected a plain word as key")
            if key.tag != MERGE:
                own[key.value] = (key, value)
                continue
            for base in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                merged = self._pairs(base) | merged
        return merged | own

    def _constructed(self, node: yaml.Node) -> Any:
        """Let PyYAML convert a null, a bool or a number. Any error of the conversion becomes a fault."""
        if node.tag not in CONSTRUCTED:
            raise _refusal(node, _not_allowed(node.tag))
        if node.tag in NUMBERS and len(node.value) > MAX_DIGITS:
            raise _refusal(node, f"expected a number of at most {MAX_DIGITS} digits")
        try:
            value = self.constructor.construct_object(node)
        except (ValueError, LookupError, ArithmeticError):
            raise _refusal(node, f"'{shorten(node.value)}' is not a valid {node.tag.removeprefix(TAG)}") from None
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise _refusal(node, "expected an integer of at most 64 bits")
        return value

    def _readable(self, text: str, path: Path) -> str:
        """Replace control characters and record a fault, so that the rest of the spec is still checked."""
        if CONTROL.search(text):
            fault = self.source.fault(path, "expected text without line breaks and control characters")
            self.source.faults.append(fault)
        return CONTROL.sub("\ufffd", text)

    def _expanded(self, text: str, environment: Mapping[str, str], path: Path) -> str:
        """Expand the variables of a value. Record faults, and the variables that have no value."""
        expanded = expand(text, environment)
        self.source.faults += [self.source.fault(path, expected, hint=hint) for expected, hint in expanded.faults]
        for name in expanded.unset:
            self.source.unset.setdefault(name, []).append(path)
        return expanded.text


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.name, node.start_mark.line + 1, node.start_mark.column + 1)


def _not_allowed(tag: str) -> str:
    return f"the tag {tag!r} is not allowed {'here: it is for items of `datasets`' if tag == INCLUDE else 'in a spec'}"


def _refusal(node: yaml.Node, problem: str) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
