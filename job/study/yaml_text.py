"""From the bytes of a file to YAML nodes that know their file. What is no text or no YAML is a fault with a place."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from contextlib import contextmanager

import yaml
from yaml.reader import ReaderError

from job.errors import Fault, SpecError
from job.study.yaml_source import YamlSource, character_fault, shorten

MAX_BYTES = 1 << 18


def decoded(data: bytes, file: str, expected: str) -> str:
    """Return the text of a file. file: its name in faults. expected: what it should be. Raise SpecError."""
    if len(data) > MAX_BYTES:
        raise SpecError([YamlSource(file).fault((), f"larger than {MAX_BYTES} bytes; expected {expected}")])
    text = data.removeprefix(codecs.BOM_UTF8)
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        before = text[: error.start].decode()
        raise SpecError([character_fault(file, before, "not UTF-8 text")]) from None


def composed(text: str, file: str) -> yaml.Node | None:
    """Return the node of the one document in a text; None if it is empty. Raise SpecError."""
    with yaml_faults(file, text):
        loader = yaml.SafeLoader(text)
        loader.name = file  # which the marks of all nodes then carry
        return loader.get_single_node()
    return None


@contextmanager
def yaml_faults(file: str, text: str = "") -> Iterator[None]:
    """Raise the errors of PyYAML as SpecError. An error with a mark has the file of its mark."""
    try:
        yield
    except yaml.MarkedYAMLError as error:
        raise SpecError([_syntax_fault(file, error)]) from None
    except ReaderError as error:
        fault = character_fault(file, text[: error.position], f"the character U+{error.character:04X}")
        raise SpecError([fault]) from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # \U92233720 overflows, for example
        raise SpecError([YamlSource(file).fault((), f"not readable as YAML: {shorten(str(error))}")]) from None
    except RecursionError:
        raise SpecError([YamlSource(file).fault((), "nested too deeply to be a study spec")]) from None


def _syntax_fault(file: str, error: yaml.MarkedYAMLError) -> Fault:
    mark = error.problem_mark or error.context_mark
    file, line, column = (mark.name, mark.line + 1, mark.column + 1) if mark else (file, 1, 1)
    return Fault(
        file=file, line=line, column=column, field="", expected=f"not valid YAML: {shorten(error.problem, 200)}"
    )
