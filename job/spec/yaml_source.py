"""A YAML file as plain data that remembers where everything stood, and `${VAR}` filled in from the environment."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from job.errors import Fault, SpecError

Path = tuple[str | int, ...]

VARIABLE = re.compile(r"\$\{([^}]*)\}")
PLAIN_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
MAX_NODES = 100_000  # a few lines of nested aliases can stand for billions of values


@dataclass
class YamlSource:
    """The parsed file: `data` with variables filled in, `raw` as written, and the place of every value."""

    file: str
    data: Any = None
    raw: Any = None
    faults: list[Fault] = field(default_factory=list)
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)

    def fault(self, path: Path, expected: str, value: Any = None, hint: str | None = None) -> Fault:
        """Describe a fault at `path`, or at the nearest value above it that exists."""
        while path not in self.places and path:
            path = path[:-1]
        line, column = self.places.get(path, (1, 1))
        came = None if value is None else _shorten(value)
        return Fault(
            file=self.file,
            line=line,
            column=column,
            field=dotted(path),
            expected=expected,
            value=came,
            hint=hint,
        )


def parse(text: str, file: str, environment: Mapping[str, str]) -> YamlSource:
    """Read one YAML document. Faults that leave readable data are collected in `.faults`; others raise SpecError."""
    source = YamlSource(file)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            raise SpecError([source.fault((), "the spec is empty; expected a study")])
        source.raw = _Builder(source, loader, environment=None).build(node, ())
        source.faults.clear()
        source.data = _Builder(source, loader, environment).build(node, ())
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_fault(file, error)]) from None
    except (yaml.YAMLError, ValueError) as error:
        raise SpecError([source.fault((), f"not readable as YAML: {_shorten(str(error))}")]) from None
    except RecursionError:
        raise SpecError([source.fault((), "nested too deeply to be a study spec")]) from None
    return source


def dotted(path: Path) -> str:
    """Write a path as people do: `datasets[0].tasks.WM`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


@dataclass
class _Builder:
    """Turns YAML nodes into plain data, noting places and faults on the way."""

    source: YamlSource
    loader: yaml.SafeLoader
    environment: Mapping[str, str] | None
    nodes: int = 0

    def build(self, node: yaml.Node, path: Path) -> Any:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise yaml.YAMLError(f"more than {MAX_NODES} values, aliases counted")
        self.source.places.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if isinstance(node, yaml.CollectionNode) and node.tag not in PLAIN_TAGS:
            raise yaml.MarkedYAMLError(
                problem=f"the tag {node.tag!r} has no place in a spec", problem_mark=node.start_mark
            )
        if isinstance(node, yaml.MappingNode):
            return {key: self.build(value, (*path, key)) for key, value in self._items(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _items(self, node: yaml.MappingNode, path: Path) -> Iterator[tuple[str, yaml.Node]]:
        own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        for key in dict.fromkeys(name for name in own if own.count(name) > 1 and name != "<<"):
            self.source.faults.append(self.source.fault(path, f"the key {key!r} stands here more than once"))
        self.loader.flatten_mapping(node)
        items = {}
        for key_node, value in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(problem="a key must be a plain word", problem_mark=key_node.start_mark)
            self.source.places[(*path, key_node.value)] = (
                key_node.start_mark.line + 1,
                key_node.start_mark.column + 1,
            )
            items[key_node.value] = value
        yield from items.items()

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        value = self.loader.construct_object(node)
        if not isinstance(value, str | int | float | bool | None):
            value = node.value  # dates and the like stay what was written
        if not isinstance(value, str) or self.environment is None:
            return value
        return VARIABLE.sub(lambda match: self._variable(match.group(1), path), value)

    def _variable(self, name: str, path: Path) -> str:
        found = (self.environment or {}).get(name)
        if not found:
            self.source.faults.append(
                self.source.fault(path, f"the environment variable {name} is not set", hint=f"export {name}=…")
            )
        return found or ""


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Fault(file=file, line=line, column=column, field="", expected=f"not valid YAML: {error.problem}")


def _shorten(value: Any, limit: int = 80) -> str:
    text = value if isinstance(value, str) and "\n" not in value else repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
