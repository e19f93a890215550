"""Read what a pickle of plain weights says, as data: no tensor is allocated and nothing that it names is imported.

A pickle is a list of instructions for a stack. `pickletools.genops` reads them, this module follows them. What a file
can demand is bounded by its own length: nothing recurses, and no number in it is the size of something to allocate.
"""

from __future__ import annotations

import pickletools
import re
from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO, NoReturn, cast

MAX_INSTRUCTIONS = 1 << 20  # SAM ViT-H has about 20,000

STORAGE = re.compile(r"torch\.(?:storage\.)?(?:cuda\.)?(\w+)Storage")
ELEMENT_BYTES = {
    "Untyped": 1, "Bool": 1, "Byte": 1, "Char": 1, "Short": 2, "Half": 2, "BFloat16": 2, "Int": 4, "Float": 4,
    "Long": 8, "Double": 8, "ComplexFloat": 8, "ComplexDouble": 16,
}  # fmt: skip
TENSORS = ("torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor_v3")
PARAMETERS = ("torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state")
DICT = "collections.OrderedDict"
SHAPE = "torch.Size"
OPAQUE = re.compile(
    r"torch\.(device|(float|bfloat|double|half|q?u?int|short|long|bool|complex)\w*)"
    r"|collections\.Counter|builtins\.(set|complex)|_codecs\.encode"
)
"""Plain values beside the weights, such as a dtype or a set, of which nothing is needed."""


class ForeignError(Exception):
    """A pickle names a class or function beyond plain weights. Its text is that name."""


class UnsoundError(Exception):
    """A file is no checkpoint of plain weights. Its text is the reason."""


def refuse(reason: str) -> NoReturn:
    """Raise UnsoundError."""
    raise UnsoundError(reason)


@dataclass(frozen=True)
class Global:
    """A class or function that a pickle names."""

    name: str


@dataclass(frozen=True)
class Storage:
    """Where the values of tensors lie: the name of the record in the file, and its length."""

    key: str
    size: int
    element_bytes: int


@dataclass(frozen=True)
class Tensor:
    """A tensor of the pickle: its shape, and the storage that holds its values."""

    shape: tuple[int, ...]
    storage: Storage


class Reader:
    """The stack, the memo and the storages of one pickle.

    inert: dotted names that a pickle may hold beyond those of plain weights; their objects become None.
    """

    def __init__(self, inert: Collection[str] = ()) -> None:
        self.inert = inert
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.storages: dict[str, Storage] = {}

    def read(self, file: BinaryIO) -> Any:
        """Return the value of the pickle that begins here. Raise ForeignError, or any exception if it is damaged."""
        for code, argument, _ in islice(pickletools.genops(file), MAX_INSTRUCTIONS):
            if code.name == "STOP":
                return self.stack.pop()
            step = getattr(self, f"_{code.name.lower()}", None)
            if step is not None:
                step(argument)
            elif code.name in NO_EFFECT:
                continue
            elif code.name in CONSTANTS:
                self.stack.append(CONSTANTS[code.name])
            elif code.arg is not None and not code.stack_before and len(code.stack_after) == 1:
                self.stack.append(argument)  # a number or a text
            else:
                refuse(f"the instruction {code.name} is not one of plain weights")
        refuse(f"more than {MAX_INSTRUCTIONS} instructions")

    def _above_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items

    def _mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def _pop(self, _: Any) -> None:
        self.stack.pop()

    def _put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    _binput = _long_binput = _put

    def _memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    _binget = _long_binget = _get

    def _empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def _dict(self, _: Any) -> None:
        items = self._above_mark()
        self.stack.append({})
        self._set(items)

    def _empty_list(self, _: Any) -> None:
        self.stack.append([])

    _empty_tuple = _empty_list

    def _list(self, _: Any) -> None:
        self.stack.append(self._above_mark())

    _tuple = _list

    def _tuple1(self, _: Any, length: int = 1) -> None:
        items = self.stack[-length:]
        del self.stack[-length:]
        self.stack.append(items)

    def _tuple2(self, _: Any) -> None:
        self._tuple1(None, 2)

    def _tuple3(self, _: Any) -> None:
        self._tuple1(None, 3)

    def _append(self, _: Any) -> None:
        item = self.stack.pop()
        self.stack[-1].append(item)

    def _appends(self, _: Any) -> None:
        items = self._above_mark()
        self.stack[-1].extend(items)

    def _setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def _setitems(self, _: Any) -> None:
        self._set(self._above_mark())

    def _set(self, items: list[Any]) -> None:
        """Add keys and values to the dict on the stack. A key is a text or a number, whose hash needs no recursion."""
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str | bytes | int | float | None):
                refuse("a key is neither a text nor a number")
            self.stack[-1][key] = value

    def _build(self, _: Any) -> None:
        """Drop the attributes of an object, such as `_metadata` of a state dict."""
        self.stack.pop()

    def _global(self, name: str) -> None:
        name = name.replace(" ", ".").replace("__builtin__.", "builtins.")
        known = name in (*TENSORS, *PARAMETERS, DICT, SHAPE, *self.inert)
        if not (known or STORAGE.fullmatch(name) or OPAQUE.fullmatch(name)):
            raise ForeignError(name)
        self.stack.append(Global(name))

    def _stack_global(self, _: Any) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._global(f"{module}.{name}")

    def _binpersid(self, _: Any) -> None:
        """Read a reference to a storage: 'storage', its type, key, device and number of elements."""
        _word, kind, key, _device, elements = self.stack.pop()[:5]
        match = cast("re.Match[str]", STORAGE.fullmatch(kind.name))
        element_bytes = ELEMENT_BYTES[match[1]]
        storage = Storage(str(key), elements * element_bytes, element_bytes)
        if self.storages.setdefault(storage.key, storage).size != storage.size:
            refuse(f"the storage {key} has two sizes")
        self.stack.append(storage)

    def _newobj(self, _: Any) -> None:
        """Drop an object; only an inert one is built so."""
        _arguments, kind = self.stack.pop(), self.stack.pop()
        if kind.name not in self.inert:
            refuse(f"an object of {kind.name} is not one of plain weights")
        self.stack.append(None)

    def _reduce(self, _: Any) -> None:
        arguments, function = self.stack.pop(), self.stack.pop().name
        if function == DICT:
            self.stack.append({})
            self._set([part for pairs in arguments[:1] for pair in pairs for part in pair])  # as Python 2 wrote them
        elif function in TENSORS:
            self.stack.append(_tensor(*arguments[:4]))
        elif function in (*PARAMETERS, SHAPE):
            self.stack.append(arguments[0])
        else:
            self.stack.append(None)


NO_EFFECT = ("PROTO", "FRAME")
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}


def _tensor(storage: Storage, offset: int, shape: list[int], strides: list[int]) -> Tensor:
    """Return a tensor; ValueError if it reaches beyond its storage."""
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    if min((offset, *shape, *strides)) < 0 or (0 not in shape and (last + 1) > storage.size // storage.element_bytes):
        refuse(f"a tensor reaches beyond its storage {storage.key}")
    return Tensor(tuple(shape), storage)
