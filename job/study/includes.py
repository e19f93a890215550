"""`!include FILE` as an item of `datasets`: the data sets that the file holds stand in its place."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from job.errors import Fault, JobError, SpecError, UnsetVariablesError
from job.study.addresses import is_local, normal, overlap, refusal
from job.study.variables import expand
from job.study.yaml_source import shorten
from job.study.yaml_text import MAX_BYTES, composed, decoded

TAG = "!include"
MAX_DEPTH = 4
MAX_FILES = 100  # a file counts each time that it is included
MAX_BYTES_IN_ALL = 1 << 20  # PyYAML reads a megabyte in seconds

Read = Callable[[str, int], bytes]
"""Returns the first bytes of a file in a store, at most so many. Raises JobError if it cannot."""


def no_store(address: str, length: int) -> bytes:
    """Read from no store: raise JobError. The default, for this room knows none."""
    raise JobError(f"{address}: expected a path; nothing here reads {length} bytes of a store")


def include(spec: yaml.Node, address: str, environment: Mapping[str, str], read: Read) -> None:
    """Put the data sets of the included files into the `datasets` of a spec.

    address: of the spec. Raise SpecError with the faults of all files that cannot be included.
    """
    includes = _Includes(environment, read)
    for key, value in spec.value if isinstance(spec, yaml.MappingNode) else ():
        if key.value == "datasets" and isinstance(value, yaml.SequenceNode):
            value.value[:] = [node for item in value.value for node in includes.nodes(item, (address,))]
    if includes.uses:
        raise UnsetVariablesError(includes.faults, includes.uses)
    if includes.faults:
        raise SpecError(includes.faults)


@dataclass
class _Includes:
    """Opens included files. uses: the variables without a value in addresses."""

    environment: Mapping[str, str]
    read: Read
    faults: list[Fault] = field(default_factory=list)
    uses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    files: int = 0
    size: int = 0

    def nodes(self, item: yaml.Node, chain: tuple[str, ...]) -> Iterator[yaml.Node]:
        """Yield the data sets that an item stands for: itself, or those of a file. chain: the files that led to it."""
        if not isinstance(item, yaml.ScalarNode) or item.tag != TAG:
            yield item
            return
        self.files += 1
        if self.files > MAX_FILES + 1:  # which is a fault already
            return
        try:
            address = self._address(item, chain)
            node = self._data_sets(item, address)
        except SpecError as error:
            self.faults += error.faults
            return
        for each in node.value if isinstance(node, yaml.SequenceNode) else [node]:
            yield from self.nodes(each, (*chain, address))

    def _address(self, item: yaml.ScalarNode, chain: tuple[str, ...]) -> str:
        """Return the address of an included file. Raise SpecError if it may not be read from here."""
        expanded = expand(item.value, self.environment)
        for name in expanded.unset:
            self.uses[name] = (*self.uses.get(name, ()), item.value)
            raise _refused(item, f"the variable {shorten(name)} is not set or empty", "set it, or write a default")
        for expected, hint in expanded.faults:
            raise _refused(item, expected, hint)
        address = _beside(chain[-1], expanded.text)
        if is_local(address) and not is_local(chain[-1]):
            raise _refused(item, "a file in a store includes files of stores alone, none of this machine")
        if reason := refusal(address if expanded.text.strip() else ""):
            raise _refused(item, reason)
        if any(overlap(address, other) for other in chain):
            raise _refused(item, "this file includes itself" + (", by way of others" if len(chain) > 1 else ""))
        if len(chain) > MAX_DEPTH:
            raise _refused(item, f"expected at most {MAX_DEPTH} files that include one another")
        return address

    def _data_sets(self, item: yaml.ScalarNode, address: str) -> yaml.Node:
        """Return what an included file holds: one data set or a list of them. Raise SpecError if it is neither."""
        data, name = self._content(item, address), _beside(item.start_mark.name, shorten(item.value, 1000))
        if self.files > MAX_FILES or self.size > MAX_BYTES_IN_ALL:
            limits = f"{MAX_FILES} included files and {MAX_BYTES_IN_ALL} bytes in all of them"
            raise _refused(item, f"expected at most {limits}")
        node = composed(decoded(data, name, "a data set"), name)
        if not isinstance(node, yaml.CollectionNode):
            place = Fault(file=name, line=1, column=1, field="", expected="expected a data set, or a list of them")
            raise SpecError([place])
        return node

    def _content(self, item: yaml.ScalarNode, address: str) -> bytes:
        """Read an included file, or the beginning of one that is too large. Raise SpecError if it cannot be read."""
        try:
            data = (self.read if "://" in address else _read_path)(normal(address), MAX_BYTES + 1)
        except JobError as error:  # a message shows variables as written
            raise _refused(item, str(error).replace(normal(address), shorten(item.value))) from None
        self.size += len(data)
        return data


def _read_path(path: str, length: int) -> bytes:
    try:
        if Path(path).exists() and not Path(path).is_file():  # a pipe may have no end
            raise JobError("cannot be read: not a file")
        with Path(path).open("rb") as file:
            return file.read(length)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise JobError(f"cannot be read: {reason or error}") from None


def _beside(file: str, address: str) -> str:
    """Return the address that another one means in a file: relative to the folder of the file, or absolute."""
    if "://" in address or address.startswith("/"):
        return address
    scheme, separator, path = file.rpartition("://")
    if not separator:
        return os.path.join(os.path.dirname(file), address)  # noqa: PTH118, PTH120  Path takes `./` from a file's name
    return scheme + separator + posixpath.normpath(posixpath.join(posixpath.dirname(path), address))


def _refused(item: yaml.Node, expected: str, hint: str | None = None) -> SpecError:
    mark, name = item.start_mark, f"datasets: {TAG} {shorten(item.value)}"
    line, column = mark.line + 1, mark.column + 1
    fault = Fault(file=mark.name, line=line, column=column, field=name, expected=expected, hint=hint)
    return SpecError([fault])
