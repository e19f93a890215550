"""Click protocols, by entry points of the group `medsam_job.protocols`: ours, and those of other packages.

`job.prompts.clicks` says what else a protocol is than the spec needs.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from job.study.entry_points import Group

PROTOCOLS = Group(
    group="medsam_job.protocols", kind="protocol", expected="a ClickProtocol", has={"name": str, "clicks": int}
)
Protocol = Annotated[str, AfterValidator(PROTOCOLS.usable), Field(json_schema_extra=PROTOCOLS.list_names)]
"""The name of a click protocol."""
