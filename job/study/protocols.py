"""Click protocols, by entry points of the group `medsam_job.protocols`: ours, and those of other packages.

An entry point names an object with the attributes `name`, `clicks` and `box`. This room knows no more of it;
`job.prompts.clicks` says what else a protocol is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError, PydanticKnownError

from job.errors import JobError
from job.study.entry_points import Installed, installed

GROUP = "medsam_job.protocols"


def protocols() -> Mapping[str, Installed]:
    """Return all click protocols that are installed, by name."""
    return installed(GROUP, "protocol")


def installed_protocol(name: str) -> Any:
    """Return the protocol of a name, which a valid spec holds; JobError if it cannot be used here."""
    if name not in protocols():
        raise JobError(f"the protocol {name} is not installed here; installed are {', '.join(protocols()) or 'none'}")
    protocol = protocols()[name].value
    if getattr(protocol, "name", None) != name or not isinstance(getattr(protocol, "clicks", None), int):
        raise protocols()[name].incomplete(f'a ClickProtocol with the name "{name}"')
    return protocol


def _usable(name: str) -> str:
    if name not in protocols():
        raise PydanticKnownError("literal_error", {"expected": " or ".join(repr(each) for each in protocols())})
    try:
        installed_protocol(name)
    except JobError as error:
        raise PydanticCustomError("protocol_broken", "{reason}", {"reason": str(error)}) from None
    return name


def _list_names(schema: dict[str, Any]) -> None:
    schema["enum"] = list(protocols())


Protocol = Annotated[str, AfterValidator(_usable), Field(json_schema_extra=_list_names)]
"""The name of a click protocol."""
