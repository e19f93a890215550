"""One-shot modes, by entry points of the group `medsam_job.modes`: the published ones, and those of other packages.

`job.prompts.modes` says what else a mode is than the spec needs.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from job.study.entry_points import Group

PUBLISHED_MODES = ("largest_point", "each_point", "largest_box", "each_box", "whole_box")
"""Modes 1 to 5 of Mazurowski et al. 2023 (arXiv 2304.10517), which are listed first."""
MODES = Group(
    group="medsam_job.modes",
    kind="mode",
    expected="a PromptMode",
    has={"name": str, "points": bool, "boxes": bool},
    first=PUBLISHED_MODES,
)
Mode = Annotated[str, AfterValidator(MODES.usable), Field(json_schema_extra=MODES.list_names)]
"""The name of a mode."""
