"""Which plan an output follows, and where the summary of each plan lies.

`current.json` names the plan that the output follows: its summary lies at the top, those of others in `plan/NAME/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from job import storage
from job.errors import OutputError
from job.results.notes import read_note, to_json
from job.storage import public

NAME = "plan.json"
"""The file below `summary/` that names the plan whose summary it is, and the settings with which it was made."""


def follow(output: str, plan: str) -> None:
    """Let the output follow a plan: the commands read it unless told otherwise."""
    storage.write(_current(output), to_json({"plan": plan}))


def current_plan(output: str) -> str | None:
    """Return the name of the plan that the output follows, None if there is none; OutputError if it is damaged."""
    if storage.info(_current(output)) is None:
        return None
    plan = (read_note(_current(output)) or {}).get("plan")
    if not isinstance(plan, str):
        shown = public(_current(output))
        raise OutputError(f"{shown}: damaged; delete it and run the study again, which restores it")
    return plan


def place(output: str, plan: str) -> str:
    """Return the folder of a plan's summary and database: the top if the output follows it, else one of its own."""
    return output if plan == current_plan(output) else storage.join(output, "plan", plan)


def is_complete(output: str, plan: str) -> bool:
    """Return whether the place of a plan holds its summary, made from all of its parts."""
    return _note(output, plan).get("complete") is True


def settings(output: str, plan: str) -> dict[str, Any] | None:
    """Return the settings with which a plan's summary was made; None if there is no summary of it."""
    found = _note(output, plan).get("settings")
    return found if isinstance(found, dict) else None


def note_settings(output: str, plan: str, settings: Mapping[str, Any]) -> None:
    """Store the settings of the statistics before there is a summary, so that what is stored can be summed up."""
    storage.write(_noted(output, plan), to_json(dict(settings)))


def noted_settings(output: str, plan: str) -> dict[str, Any] | None:
    """Return the settings that the newest run of a plan began with; None if it left none."""
    return read_note(_noted(output, plan)) if storage.info(_noted(output, plan)) else None


def write(output: str, plan: str, tables: Mapping[str, bytes], *, complete: bool, settings: Mapping[str, Any]) -> None:
    """Store a plan's summary, by file name. Last comes the file that says whose it is.

    complete: of all parts. settings: of the statistics, as JSON values.
    """
    folder = storage.join(place(output, plan), "summary")
    for name, content in tables.items():
        storage.write(storage.join(folder, name), content)
    storage.write(storage.join(folder, NAME), to_json({"plan": plan, "complete": complete, "settings": settings}))


def manifests(output: str) -> list[dict[str, Any]]:
    """Read the manifests of all workers, the oldest first. One that is damaged is named."""
    files = storage.list_files(storage.join(output, "manifests"), "*.json")
    return [read_note(file.address) or {"unreadable": public(file.address)} for file in files]


def gather_manifests(output: str, plan: str) -> None:
    """Write the manifests of all workers to manifest.json, in the place of a plan."""
    storage.write(storage.join(place(output, plan), "manifest.json"), to_json({"runs": manifests(output)}))


def _note(output: str, plan: str) -> dict[str, Any]:
    """Return what the summary at the place of a plan says of itself; nothing if it is that of another plan."""
    address = storage.join(place(output, plan), "summary", NAME)
    stored = read_note(address) if storage.info(address) else None
    return stored if stored is not None and stored.get("plan") == plan else {}


def _noted(output: str, plan: str) -> str:
    return storage.join(output, "settings", f"{plan}.json")


def _current(output: str) -> str:
    return storage.join(output, "current.json")
