"""What a study needs before it runs: the variables that its spec reads, what they hold, and how to set them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence

from job.cli.meant import exists
from job.study.official import official

HOLDS = {
    "DATA": "the folder with the data sets, or s3://bucket/prefix. The study reads from it:",
    "WEIGHTS": "the folder with the checkpoints, or s3://bucket/prefix. The study reads from it:",
    "RESULTS": "the folder for results, or s3://bucket/prefix, where this user may write. The study writes to:",
}
OTHER = "a variable of this spec's own, used in:"
SHOWN = 8
"""How many places a variable is shown to be used in."""
CONTAINER = "MEDSAM_JOB_CONTAINER"
"""Set by the image, so that ways out are those of a container."""


def in_container(environment: Mapping[str, str]) -> bool:
    """Return whether the program runs from its image."""
    return bool(environment.get(CONTAINER))


def not_mounted(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a remark for each folder of inputs that a variable names and that this container does not have."""
    for name in ("DATA", "WEIGHTS"):
        folder = environment.get(name, "")
        if in_container(environment) and folder and "://" not in folder and not exists(folder):
            mount = shlex.quote(f"{folder}:{folder}:ro")
            yield f"{name}: there is no {folder} in this container; if the machine has it, mount it: -v {mount}"


def way_out(spec: str, uses: Mapping[str, Sequence[str]], *, container: bool) -> str:
    """Return what the unset variables of a spec must hold, how to set them, and what to try before.

    uses: variable -> the values of the spec that need it, as written. container: whether the program runs in its image.
    """
    known = [name for name in HOLDS if name in uses]
    names = [*known, *(name for name in uses if name not in HOLDS)]
    lines = ["", "Set the variables that the spec reads:"]
    for name in names:
        lines += [f"  {name}: {HOLDS.get(name, OTHER)}", *(f"      {place}" for place in _places(name, uses[name]))]
    lines += ["", *(_in_container(spec, names) if container else _outside(spec, names))]
    lines += [
        "",
        "Try the embedded study first, which needs no data and no weights: medsam-job demo",
    ]
    return "\n".join(lines)


def _places(name: str, values: Sequence[str]) -> Iterator[str]:
    """Yield the folders and files below a variable, each once. Of another variable's values, the values themselves."""
    below = [_below(name, value) if name in HOLDS else value for value in values]
    places = list(dict.fromkeys(place for place in below if place))
    for place in places[:SHOWN]:
        known = official(place)
        yield f"{place}   from {known}" if known else place
    if len(places) > SHOWN:
        yield f"and {len(places) - SHOWN} more"


def _below(name: str, value: str) -> str:
    """Return the file that a value names below a variable, or the longest folder before its wildcards and fields."""
    rest = re.split(rf"\$\{{{name}\}}", value, maxsplit=1)[-1].lstrip("/")
    fixed = re.split(r"[*?\[{$]", rest, maxsplit=1)[0]
    return rest if fixed == rest else fixed[: fixed.rfind("/") + 1]


def _outside(spec: str, names: Sequence[str]) -> Iterator[str]:
    yield "For example:"
    for name in names:
        yield f"  export {name}=/path/to/{name.lower()}"
    yield f"  medsam-job {shlex.quote(spec)}"


def _in_container(spec: str, names: Sequence[str]) -> Iterator[str]:
    yield "A container sees a folder only if it is mounted (-v) and its place in the container is named (-e):"
    yield '  docker run --rm --gpus all --user "$(id -u):$(id -g)" \\'
    for name in names:
        if name in HOLDS:
            mode = "" if name == "RESULTS" else ":ro"
            yield f"    -v /path/to/{name.lower()}:/{name.lower()}{mode} -e {name}=/{name.lower()} \\"
        else:
            yield f"    -e {name}=… \\"
    yield f"    medsam-job {shlex.quote(spec)}"
    if "RESULTS" in names:
        yield "--user: results are written as you. Make their folder before: mkdir -p /path/to/results"
    yield "Without a GPU, leave out --gpus all. For s3:// addresses, pass the store's credentials by -e, and no -v."
    yield "On a cluster, the same variables stand in the job's environment."
