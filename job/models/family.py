"""What a family of models is: the door for models of other packages, and for ours.

A package names its families by entry points of the group `medsam_job.models`; docs/own-model.md has an example. A
family's module is imported when a spec names it, so it imports torch and its network inside `build` and `check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from job.models.protocol import Capabilities, PromptableModel
from job.study.model import ModelSpec

if TYPE_CHECKING:
    from job.models.device import Device

Build = Callable[[Any, Any, "Device"], PromptableModel]
"""Builds a model from its spec, the path of a local copy of its checkpoint, or None if it has none, and a device."""
Check = Callable[[Any, Any], object]
"""Compares a checkpoint with a spec; raises WeightsError."""


@dataclass(frozen=True, kw_only=True)
class Family:
    """One family of models.

    spec: its part of the spec, with `family: Literal[NAME]`, the name of the entry point. capabilities: the prompts
    that its models accept. version: raise it when the same spec and weights give other rows; it is part of the names of
    parts. files_of_folder: patterns of the files' names that are read if a checkpoint is a folder; () if none may be.
    check: raises WeightsError for what `build` would refuse, without the values of the weights: it runs on
    torch's device `meta`. packages: those that both import and that need not be installed, each with the command that
    installs it. known_sha256: returns the sha256 that the weights at the spec's checkpoint must have; None if
    that is not known.
    """

    spec: type[ModelSpec]
    capabilities: Capabilities
    build: Build
    version: int = 1
    files_of_folder: tuple[str, ...] = ()
    check: Check = lambda spec, checkpoint: None
    packages: Mapping[str, str] = field(default_factory=dict)
    known_sha256: Callable[[Any], str | None] = lambda spec: None
