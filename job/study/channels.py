"""Three files, or three ways to show one file, as the red, green and blue of an image."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, model_validator

from job.study.intensity import Intensity
from job.study.strict import Address, Strict


class Channel(Strict):
    """One channel of an image. Short form: the address of its file."""

    file: Address = "{image}"
    """The file, from the same fields as `masks`; `{image}` is the image itself."""
    channel: Annotated[int, Field(ge=0)] | None = None
    """Which volume along the fourth axis of a NIfTI file, instead of the data set's `channel`."""
    intensity: Intensity | None = None
    """How its values become 8 bits, instead of the data set's `intensity`."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return value if isinstance(value, Mapping) else {"file": value}


class Channels(Strict):
    """The three channels of an image. One file may be several of them."""

    red: Channel
    green: Channel
    blue: Channel

    @property
    def by_colour(self) -> dict[str, Channel]:
        """The channels by colour, in the order of RGB."""
        return {"red": self.red, "green": self.green, "blue": self.blue}


def channel_files(channels: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the address of each channel of a spec that is not typed yet, and its keys below `channels`."""
    for colour, channel in channels.items() if isinstance(channels, dict) else ():
        is_map = isinstance(channel, dict)
        yield ((colour, "file") if is_map else (colour,)), channel.get("file") if is_map else channel
