"""The files of `boundary`, one for each part, and which of them belong to a plan.

A file is named after the predictions that it was computed from, and after what was asked of them: its key. The small
file `boundary/PLAN.json` states the key of each data set, so that the tables are opened, and orphans told, without the
spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from job import storage
from job.results.notes import read_note, to_json
from job.results.store import Results


def ask(results: Results, plan: str, keys: Mapping[str, str]) -> None:
    """State what a plan asks for. keys: by data set; none if nothing is asked."""
    if asked(results, plan) != keys:
        storage.write(_address(results, plan), to_json(dict(keys)))


def asked(results: Results, plan: str) -> dict[str, str]:
    """Return the key of each data set of which a plan asks boundary metrics."""
    address = _address(results, plan)
    return {} if storage.info(address) is None else (read_note(address) or {})


def names(results: Results, plan: str, dataset_of: Mapping[str, str], predictions: Iterable[str]) -> dict[str, str]:
    """Return the name of the file that belongs to each `predictions` file of which a plan asks one, by its address.

    dataset_of: the data set of each part. predictions: addresses of files of these parts.
    """
    keys = asked(results, plan)
    stems = {address: address.rsplit("/", 1)[-1].removesuffix(".parquet") for address in predictions}
    key_of = {address: keys.get(dataset_of[part_of(stem)]) for address, stem in stems.items()}
    return {address: f"{stems[address]}-{key}" for address, key in key_of.items() if key}


def part_of(name: str) -> str:
    """Return the name of the part that a file of `boundary` or `predictions` belongs to."""
    return name.partition("-")[0]


def stored(results: Results, plan: str, dataset_of: Mapping[str, str], predictions: Iterable[str]) -> list[str]:
    """Return the addresses of a plan's files that are stored. The arguments are those of `names`."""
    files = results.listed("boundary")
    wanted = names(results, plan, dataset_of, predictions).values()
    return [files[name].address for name in wanted if name in files]


def notes(results: Results) -> dict[str, storage.FileInfo]:
    """Return the files that state what plans ask for, by plan."""
    files = storage.list_files(storage.join(results.output, "boundary"), "*.json")
    return {file.address.rsplit("/", 1)[-1].removesuffix(".json"): file for file in files}


def _address(results: Results, plan: str) -> str:
    return storage.join(results.output, "boundary", f"{plan}.json")
