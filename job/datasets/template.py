"""Which files an image's mask template names: fields are filled by the image, wildcards match what is stored."""

from __future__ import annotations

import dataclasses
import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, product, zip_longest

from job import storage
from job.datasets.below_root import by_address
from job.datasets.pattern import WILD, Pattern, at_first_places, below, fill, glob_of, nfc, stem, varies
from job.storage import FileInfo
from job.study.files import TEMPLATE_FIELD, split_inside

IMAGE = "{image}"
WILDCARD = "\0"  # in no name
LAST = "\U0010ffff"  # sorts behind every character of a name


@dataclass(frozen=True)
class Template:
    """An address whose fields each image fills: `{stem}`, `{name}`, `{parent}`, `{image}` and the fields of `images`.

    The rest is literal, except for the wildcards `*` and `?` within one name and `**` across folders. `{image}` is the
    image's whole address at the start of the text, elsewhere its address below the root.
    """

    text: str
    images: Pattern
    slashes: Mapping[str, Sequence[int]] = dataclasses.field(default_factory=dict)
    """Of fields whose values may lead into folders, how many slashes they have."""

    @property
    def is_image(self) -> bool:
        """Whether the image is its own mask."""
        return self._address == IMAGE

    @property
    def inside(self) -> str:
        """What is meant inside the file."""
        return split_inside(self.text)[1]

    @property
    def is_shared(self) -> bool:
        """Whether all images have the same mask by intention: the address has no fields and no wildcards."""
        return not varies(self._address)

    @cached_property
    def _pattern(self) -> Pattern:
        return Pattern(below(self.images.root, self._address) if self._address.startswith(IMAGE) else self._address)

    @property
    def _address(self) -> str:
        return split_inside(self.text)[0]

    def files(self) -> Files:
        """Return, from one listing, the files that any image may name, and those whose stems go on after that.

        The latter are masks that may have been overlooked, such as `a_mask_1.png` beside `a_mask.png`.
        """
        tail = self._pattern.tail
        if self._pattern.is_of_zarr:
            return Files(self._pattern.listing())
        if not varies(tail):
            file = storage.info(self._address)
            return Files({tail: file} if file else {})
        return Files({address: file for deep in self._tails() for address, file in self._listed(deep).items()})

    def _tails(self) -> Iterator[str]:
        """Yield the address below the root, each time with as many folders as the fields' values may have."""
        pieces = TEMPLATE_FIELD.split(self._pattern.tail)
        for counts in product(*(self.slashes.get(name) or (0,) for name in pieces[1::2])):
            fields = ["/".join([f"{{{name}}}"] * (count + 1)) for name, count in zip(pieces[1::2], counts, strict=True)]
            yield "".join(chain.from_iterable(zip_longest(pieces[::2], fields, fillvalue="")))

    def _listed(self, tail: str) -> dict[str, FileInfo]:
        *folders, name = tail.split("/")
        wide = re.sub(r"\*\*+", "*", f"{self._glob(stem(name))}*{self._glob(name[len(stem(name)) :])}")
        glob = "/".join([*(self._glob(folder) for folder in folders), wide])
        listed = storage.list_files(self._pattern.root, glob, dead_links=True)
        return by_address(listed, self._pattern.root)

    def filled(self, fields: Mapping[str, str]) -> str:
        """Return the address that one image names, with the wildcards that the template has."""
        return below(self._pattern.root, fill(self._pattern.tail, fields))

    def find(self, files: Files, fields: Mapping[str, str]) -> tuple[FileInfo, ...]:
        """Return the files that one image names, sorted by address."""
        pieces = TEMPLATE_FIELD.split(self._pattern.tail)
        if not WILD.search("".join(pieces[::2])):
            file = files.named(fill(self._pattern.tail, fields))
            return (file,) if file else ()
        tokens = [
            token
            for place, piece in enumerate(pieces)
            for token in (((nfc(fields[piece]), False),) if place % 2 else _tokens(nfc(piece)))
        ]
        marked = "".join(re.sub(r"\*+|\?", WILDCARD, text) if is_wild else text for text, is_wild in tokens)
        expression = _expression(tokens)
        return tuple(file for name, file in files.candidates(marked) if expression.fullmatch(name))

    def _glob(self, name: str) -> str:
        if IMAGE in name:
            before, _, after = name.partition(IMAGE)
            return self._glob(before) + "/".join(map(glob_of, self.images.tail.split("/"))) + self._glob(after)
        return glob_of(name)


class Files:
    """Files by address below a root. Names are compared in Unicode's normal form NFC."""

    def __init__(self, by_address: Mapping[str, FileInfo]) -> None:
        self.by_address = by_address
        self._by_name = {nfc(address): file for address, file in by_address.items()}
        self._names = sorted(self._by_name)
        self._reversed = sorted(name[::-1] for name in self._by_name)
        self._last_names = sorted((posixpath.basename(name), name) for name in self._by_name)

    def named(self, address: str) -> FileInfo | None:
        """Return the file of an address, None if there is none."""
        return self.by_address.get(address) or self._by_name.get(nfc(address))

    def candidates(self, marked: str) -> Iterator[tuple[str, FileInfo]]:
        """Yield, sorted, the names that share a beginning or an end with a text, and their files.

        marked: a filled template in which each wildcard is a WILDCARD. Of the beginning of the address, that of its
        last name and the end, the longest literal text is looked up, so that no file is compared with every image.
        """
        before, after = marked.partition(WILDCARD)[0], marked.rpartition(WILDCARD)[2]
        last = posixpath.basename(marked).partition(WILDCARD)[0]
        longest = max(before, after, last, key=len)
        if longest == before:
            names = _beginning(self._names, before)
        elif longest == last:
            start = bisect_left(self._last_names, (last,))
            names = sorted(name for _, name in self._last_names[start : bisect_left(self._last_names, (last + LAST,))])
        else:
            names = sorted(name[::-1] for name in _beginning(self._reversed, after[::-1]))
        for name in names:
            yield name, self._by_name[name]


def _beginning(names: Sequence[str], text: str) -> Sequence[str]:
    """Return those of sorted names that begin with a text."""
    return names[bisect_left(names, text) : bisect_left(names, text + LAST)]


def _tokens(text: str) -> Iterator[tuple[str, bool]]:
    """Split the text of a template into literal pieces and wildcards; yield each, and whether it is a wildcard."""
    for place, piece in enumerate(re.split(r"(\*\*/|\*+|\?)", text)):
        if piece:
            yield piece, place % 2 == 1


def _expression(tokens: Sequence[tuple[str, bool]]) -> re.Pattern[str]:
    """Return the regular expression of a filled template. A wildcard at the start of a name matches no leading dot."""
    expression = ""
    groups = [""]  # of the name in hand
    previous = "/"
    for text, is_wild in tokens:
        visible = r"(?!\.)" if previous.endswith("/") else ""
        if not is_wild:
            *names, name = text.split("/")
            for ended in names:
                groups[-1] += re.escape(ended)
                expression += at_first_places(groups) + "/"
                groups = [""]
            groups[-1] += re.escape(name)
        elif text == "?":
            groups[-1] += visible + "[^/]"
        elif text != "**/":
            groups[-1] += visible
            groups.append("[^/]*?")
        elif previous != text:
            expression += at_first_places(groups) + r"(?:(?!\.)[^/]+/)*"
            groups = [""]
        previous = text
    return re.compile(expression + at_first_places(groups))
