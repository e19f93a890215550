"""`compare`: what changed between the outputs of two runs, or more."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import chain

import pyarrow as pa

from job import storage
from job.cli.opening import open_results
from job.cli.scripts import vega
from job.errors import EXIT_DONE, JobError, OutputError, printable
from job.report import compared, show
from job.report.compared_remarks import remarks
from job.report.page import compared as compared_page
from job.statistics.compare import Comparison, Side
from job.statistics.compare import compare as compare_sides
from job.study.addresses import normal, output_refusal

ALIAS = re.compile(r"(?P<alias>[\w.-]+)=(?P<output>.+)", re.DOTALL)
"""An address with an equals sign in its first name is written with `./` in front."""
PAGE_ENDING = ".html"
FEWEST = 2


def compare(
    outputs: Sequence[str],
    models: Sequence[str],
    plans: Sequence[str],
    form: str,
    *,
    all_tasks: bool,
    page: str | None = None,
) -> int:
    """Compare each further output with the first, on the objects that both have, and print what changed.

    outputs: each with ALIAS= in front, or not. models: pairs BEFORE=AFTER. plans: pairs ALIAS=NAME. page: where to
    write all of it as a page; None for nowhere.
    """
    baseline, *others = _sides(outputs, [_pair("--plan", "ALIAS=NAME", text) for text in plans])
    named = [_pair("--model", "BEFORE=AFTER", text) for text in models]
    for _, after in named:
        if not any(after in side.plan.models for side in others):
            known = "; ".join(f"{side.alias} has {', '.join(side.plan.models)}" for side in others)
            raise JobError(f"--model: no output has {after} ({known})")
    comparisons = [
        compare_sides(baseline, side, [pair for pair in named if pair[1] in side.plan.models]) for side in others
    ]
    if form == "table":
        for comparison in comparisons:
            compared.write(comparison, all_tasks=all_tasks)
    else:
        for remark in chain.from_iterable(map(remarks, comparisons)):
            print(printable(remark), file=sys.stderr)
        show.write(pa.concat_tables([comparison.by_task for comparison in comparisons]), form)
    if page is not None:
        print(f"wrote {_write_page(comparisons, page)}", file=sys.stderr)
    return EXIT_DONE


def _write_page(comparisons: Sequence[Comparison], address: str) -> str:
    """Write the page to a path or an address; return it without credentials."""
    if expected := output_refusal(address):
        raise OutputError(f"--page {storage.public(address)}: {expected}")
    if not address.endswith(PAGE_ENDING):
        raise OutputError(f"--page {storage.public(address)}: expected a name that ends in {PAGE_ENDING}")
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    storage.write(normal(address), compared_page.page(comparisons, made, vega()).encode())
    return storage.public(address)


def _sides(outputs: Sequence[str], plans: Sequence[tuple[str, str]]) -> list[Side]:
    """Open the outputs. Raise JobError for fewer than two, equal aliases, and a plan of an alias that there is not."""
    if len(outputs) < FEWEST:
        raise JobError("compare: expected two outputs or more: `medsam-job compare OUTPUT OUTPUT2`")
    named = [_alias(output) for output in outputs]
    aliases = [alias for alias, _ in named]
    repeated = [alias for alias, count in Counter(aliases).items() if count > 1]
    if repeated:
        example = " ".join(
            f"{letter}={storage.public(output)}" for letter, (_, output) in zip("abcdefgh", named, strict=False)
        )
        raise JobError(f"two outputs have the name {repeated[0]}: name each, such as `medsam-job compare {example}`")
    unknown = [alias for alias, _ in plans if alias not in aliases]
    if unknown:
        raise JobError(f"--plan: expected the name of an output, {' or '.join(aliases)}; got {unknown[0]}")
    sides = []
    for alias, output in named:
        results, plan = open_results(output, dict(plans).get(alias))
        sides.append(Side(alias=alias, results=results, plan=plan))
    return sides


def _alias(output: str) -> tuple[str, str]:
    """Return the alias and the address of an output; without an alias, its last folder's name."""
    stated = ALIAS.fullmatch(output)
    if stated is not None:
        return stated["alias"], stated["output"]
    return storage.absolute(output).rstrip("/").rpartition("/")[2], output


def _pair(option: str, expected: str, text: str) -> tuple[str, str]:
    first, _, second = text.partition("=")
    if not first or not second:
        raise JobError(f"{option}: expected {expected}; got {text}")
    return first, second
