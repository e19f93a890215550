"""Names of images and patients as hashes with a secret salt, so that results can leave the place of the images."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import replace

from job.datasets.source import Source

SHORTEST_NUMBER = 5
LENGTH = 16
"""Hexadecimal digits of a pseudonym: 64 bits, in which a million names collide with a chance of 1 to 37 million."""


def pseudonym(salt: str, name: str) -> str:
    """Return what stands for a name: the beginning of its HMAC-SHA256 (RFC 2104). Nobody finds it without the salt."""
    return hmac.new(salt.encode(), name.encode(), hashlib.sha256).hexdigest()[:LENGTH]


def with_pseudonyms(salt: str, source: Source) -> Source:
    """Return a source whose image, volume and patient have pseudonyms. The addresses of its files stay."""
    image, volume, patient = (pseudonym(salt, name) for name in (source.image, source.volume, source.patient))
    return replace(source, image=image, volume=volume, patient=patient)


def hidden(text: str, addresses: Iterable[str], image: str) -> str:
    """Return a text in which an image's pseudonym stands for the addresses of its files."""
    for address in sorted(addresses, key=len, reverse=True):
        text = text.replace(address, image)
    return text


def with_numbers(text: str, names: Iterable[str]) -> str:
    """Return a text in which `file 3` stands for the third of the files in a folder, where it stands as a word.

    Short numbers stay: they are those of slices, and the text has numbers of its own.
    """
    for number, name in enumerate(names, 1):
        if name in text and not (name.isdecimal() and len(name) < SHORTEST_NUMBER):
            text = re.sub(rf"(?<![\w.-]){re.escape(name)}(?![\w-])", f"file {number}", text)
    return text
