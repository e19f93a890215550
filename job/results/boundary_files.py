"""The files of `boundary`, one for each part, and which of them belong to a plan.

A file is named after the predictions that it was computed from, and after what was asked of them: its key. The small
file `boundary/PLAN.json` states the key of each data set, so that the tables are opened, and orphans told, without the
spec.
"""

from __future__ import annotations

from collections.abc import Mapping

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


def names(results: Results, plan: str, dataset_of: Mapping[str, str], predictions: Mapping[str, str]) -> dict[str, str]:
    """Return the name of the file that belongs to the predictions of each part of which a plan asks one.

    dataset_of: the data set of each part. predictions: the address of the predictions of each part.
    """
    keys = asked(results, plan)
    key_of = {part: keys.get(dataset_of[part]) for part in predictions}
    stems = {part: address.rsplit("/", 1)[-1].removesuffix(".parquet") for part, address in predictions.items()}
    return {part: f"{stems[part]}-{key}" for part, key in key_of.items() if key}


def stored(
    results: Results, plan: str, dataset_of: Mapping[str, str], predictions: Mapping[str, str]
) -> dict[str, str]:
    """Return the address of each part's file that is stored. The arguments are those of `names`."""
    files = results.listed("boundary")
    wanted = names(results, plan, dataset_of, predictions)
    return {part: files[name].address for part, name in wanted.items() if name in files}


def notes(results: Results) -> dict[str, storage.FileInfo]:
    """Return the files that state what plans ask for, by plan."""
    files = storage.list_files(storage.join(results.output, "boundary"), "*.json")
    return {file.address.rsplit("/", 1)[-1].removesuffix(".json"): file for file in files}


def _address(results: Results, plan: str) -> str:
    return storage.join(results.output, "boundary", f"{plan}.json")
