"""Checks within a data set of a spec, and of the patients that data sets share."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from job.errors import Fault
from job.study.channels import channel_files
from job.study.explain import nearest
from job.study.files import COMMON_FIELDS, LIST, TEMPLATE_FIELD, template_fields
from job.study.untyped import is_map
from job.study.yaml_source import Path, YamlSource

FILES_ONLY = (
    "table",
    "masks",
    "patient",
    "patients_of",
    "labels",
    "slices",
    "join",
    "unlabelled",
    "only",
    "except",
    "pseudonymise",
    "label_names",
    "series",
    "channel",
    "channels",
)
"""Keys of a data set that state how to read its files."""
OTHER_TYPE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*:[^{}/]*\}")
"""A field with a type; of these, only {name:int} is a field."""


def dataset_faults(source: YamlSource, index: int, dataset: dict[str, Any]) -> Iterator[Fault]:
    """Yield the faults of one data set. See `cross_faults`."""
    path: Path = ("datasets", index)
    if "generated" in dataset:
        yield from _generated_faults(source, path, dataset)
        return
    named = template_fields(str(dataset.get("images", "")))
    for name in sorted(named.intersection((*COMMON_FIELDS, "image"))):
        yield source.fault((*path, "images"), f"the field name {name!r} is reserved; choose another")
    tasks = dataset["tasks"] if is_map(dataset.get("tasks")) else {}
    templates = {(*path, key): dataset.get(key) for key in ("images", "patient")} | _listed(path, dataset.get("masks"))
    templates |= {(*path, "channels", *keys): file for keys, file in channel_files(dataset.get("channels"))}
    for name, task in tasks.items():
        own = task.get("masks") if is_map(task) else None
        templates |= _listed((*path, "tasks", name), own)
        if own is None and dataset.get("masks") is None:
            yield source.fault((*path, "tasks", name), "no mask: expected `masks` on the data set or on this task")
    has_columns = is_map(dataset.get("table")) or ".parquet#" in str(dataset.get("images", "")).lower()
    for place, template in templates.items():
        if isinstance(template, str):
            known = [*COMMON_FIELDS, *sorted(named), "image"]
            yield from _type_faults(source, place, template)
            if not has_columns:  # other fields are columns, which are known when the table is read
                yield from _template_faults(source, place, template, known if place[-1] != "images" else sorted(named))
    if "series" in dataset and not str(dataset.get("images", "")).endswith("/"):
        yield source.fault((*path, "series"), "`series` applies to folders: end `images` with a slash")
    for keys, file in channel_files(dataset.get("channels")):
        if isinstance(file, str) and file.endswith("/") and not file.lower().endswith(".zarr/"):
            yield source.fault((*path, "channels", *keys), "expected a file, not a folder of files")
    yield from _salt_faults(source, (*path, "pseudonymise"), dataset.get("pseudonymise"))
    axes = dataset["axes"] if is_map(dataset.get("axes")) else {}
    selections = {(*path, key): dataset.get(key) for key in ("only", "except")}
    for place, selection in (selections | {(*path, "axes", key): value for key, value in axes.items()}).items():
        if is_map(selection) and not has_columns:
            yield from _field_faults(source, place, selection, [LIST, *COMMON_FIELDS, "image", *sorted(named)])


def cohort_faults(source: YamlSource, datasets: list[tuple[int, dict[str, Any]]]) -> Iterator[Fault]:
    """Yield the faults of `patients_of`, which names another data set that has the patients. See `cross_faults`."""
    by_name = {dataset["name"]: dataset for _, dataset in datasets if isinstance(dataset.get("name"), str)}
    written = [source.as_written(("datasets", index, "name"), dataset.get("name")) for index, dataset in datasets]
    for index, dataset in datasets:
        place, name = ("datasets", index, "patients_of"), dataset.get("patients_of")
        if not isinstance(name, str):
            continue
        shown, other = source.as_written(place, name), by_name.get(name)
        if other is None:
            known = [each for each in written[:index] + written[index + 1 :] if isinstance(each, str)]
            yield source.fault(place, "no data set of this name", shown, nearest(shown, known))
        elif other is dataset:
            yield source.fault(place, "expected another data set", shown)
        elif "patients_of" in other:
            hint = "name the data set that it names"
            yield source.fault(place, "expected a data set without `patients_of`", shown, hint)
        elif dataset.get("patient") is None or other.get("patient") is None:
            expected = "expected `patient` in both data sets, so that a patient has one name in both"
            yield source.fault(place, expected, shown)
        elif dataset.get("pseudonymise") != other.get("pseudonymise"):
            yield source.fault(place, "expected the same `pseudonymise` in both data sets", shown)


def _salt_faults(source: YamlSource, place: Path, salt: Any) -> Iterator[Fault]:
    """Yield a fault for a salt that stands in the spec, which is stored beside the results."""
    if isinstance(salt, str) and "${" not in str(source.as_written(place, salt)):
        yield source.fault(place, "expected a variable, such as ${MEDSAM_SALT}: the spec is stored with the results")


def _listed(path: Path, masks: Any) -> dict[Path, Any]:
    """Return the templates of `masks`, one or a list of them, by their place."""
    if isinstance(masks, list):
        return {(*path, "masks", index): template for index, template in enumerate(masks)}
    return {(*path, "masks"): masks}


def _type_faults(source: YamlSource, place: Path, template: str) -> Iterator[Fault]:
    """Yield a fault for each field of an unknown type. A field that comes from a `${VAR}` is not shown."""
    for field in OTHER_TYPE.findall(template):
        if not TEMPLATE_FIELD.fullmatch(field):
            shown = source.as_written(place, template)
            yield source.fault(place, "expected fields such as {name} or {name:int}", shown)


def _field_faults(source: YamlSource, place: Path, selection: dict[str, Any], known: list[str]) -> Iterator[Fault]:
    """Yield a fault for each field of a selection that no image has."""
    for name in selection:
        if name not in known:
            yield source.fault((*place, name), f"no field {name!r} in `images`", hint=nearest(name, known))
    if LIST in selection and not isinstance(selection[LIST], str):
        yield source.fault((*place, LIST), "expected the address of a list file")


def _template_faults(source: YamlSource, place: Path, template: str, known: list[str]) -> Iterator[Fault]:
    """Yield a fault for each field that no image has. A field that comes from a `${VAR}` is not shown."""
    shown = source.as_written(place, template)
    images = (*place[:2], "images")
    written = {*COMMON_FIELDS, "image", *template_fields(str(source.as_written(images, "")))}
    for unknown in sorted(template_fields(template) - set(known)):
        is_written = unknown in template_fields(shown)
        problem = f"unknown field {{{unknown}}}" if is_written else "a variable names an unknown field"
        yield source.fault(place, problem, shown, nearest(unknown, [name for name in known if name in written]))


def _generated_faults(source: YamlSource, path: Path, dataset: dict[str, Any]) -> Iterator[Fault]:
    places = [(*path, key) for key in FILES_ONLY if key in dataset]
    tasks = dataset["tasks"] if is_map(dataset.get("tasks")) else {}
    places += [(*path, "tasks", name, "masks") for name, task in tasks.items() if is_map(task) and "masks" in task]
    for place in places:
        yield source.fault(place, f"`{place[-1]}` applies to files; remove it for generated images")
