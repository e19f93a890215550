"""Submit a study to AWS Batch: an array job that predicts, and a gathering job that starts when it is done.

    python infra/aws-batch/submit.py specs/my.yaml --stack medsam-job --seconds-per-slice 2.5 --price-per-hour 0.40
    python infra/aws-batch/submit.py s3://my-bucket/specs/my.yaml --seconds-per-slice 2.5 --price-per-hour 0.40

How many shards: as many as bring the work near --hours, never more than there are chunks, or machines at once. The
work is reckoned from `medsam-job plan` and from what a trial took on the same kind of machine (docs/deploy.md says
how). What it comes to is shown before anything is submitted. Then the plan is stored, so that all workers keep to it.
Needs boto3, and medsam-job on the path or in --medsam-job.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

EXIT_DONE, EXIT_MENDABLE = 0, 2
LARGEST_ARRAY = 10_000
"""Batch takes arrays of 2 to 10,000."""
START_HOURS = 0.15
"""What each worker costs before its first slice: a guess: a machine starts, pulls the image and reads the weights."""


class RefusedError(Exception):
    """What the user can mend, in one line."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What is left of a study, and what it comes to."""

    raw_slices: int
    """In the whole plan."""
    chunks_left: int
    shards: int
    machine_hours: float
    """Of all workers together, with their starts."""
    wall_hours: float
    """Until the fullest shard is done; several times that, if not all workers run at once."""
    cost: float
    """In the currency of the price."""


def estimate(
    plan: Mapping[str, Any], *, seconds_per_slice: float, hours: float, price: float, shards: int | None, at_once: int
) -> Estimate:
    """Size the array for `hours` of wall time, and reckon time and cost.

    plan: what `medsam-job plan --format json` prints. seconds_per_slice: all models and prompts together. at_once: how
    many workers the machines hold at a time.
    """
    left: list[int] = plan["left"]
    undone = plan["parts_left"] / plan["parts"] if plan["parts"] else 0.0
    work_hours = plan["raw_slices"] * seconds_per_slice * undone / 3600
    most = max(1, min(len(left), LARGEST_ARRAY))
    if shards:
        count = min(most, shards)
    else:
        wanted = min(most, at_once, max(1, math.ceil(work_hours / hours)))
        count = even_count(left, wanted, min(2 * wanted, plan["chunks"], at_once, LARGEST_ARRAY))
    share = fullest(left, count) / len(left) if left else 0.0
    machine_hours = work_hours + count * START_HOURS
    return Estimate(
        raw_slices=plan["raw_slices"],
        chunks_left=len(left),
        shards=count,
        machine_hours=machine_hours,
        wall_hours=math.ceil(count / at_once) * (work_hours * share + START_HOURS),
        cost=machine_hours * price,
    )


def even_count(left: Sequence[int], wanted: int, most: int) -> int:
    """Return the first number of shards, from `wanted` on, that deals the chunks left as evenly as `wanted` could.

    If none up to `most` does: the one whose fullest shard has the fewest. What is left after a run of n shards is often
    all of one residue modulo n, and n shards would give it all to one worker.
    """
    even = math.ceil(len(left) / wanted)
    best = wanted
    for count in range(wanted, most + 1):
        if fullest(left, count) <= even:
            return count
        best = min(best, count, key=lambda one: fullest(left, one))
    return best


def fullest(left: Sequence[int], count: int) -> int:
    """Count the chunks left in the fullest shard of `count`: shard i has each count-th chunk of the plan, from i on."""
    return max(Counter(index % count for index in left).values(), default=0)


def predict_request(name: str, outputs: Mapping[str, str], spec: str, shards: int) -> dict[str, Any]:
    """Return the SubmitJob request of the workers.

    An array of one is not to be had. Then it is a plain job, told to be the only shard: a run without shards would end
    with 3 if chunks failed, Batch would try it again and again, and the gathering step would never start.
    """
    request = {
        "jobName": f"{name}-predict",
        "jobQueue": outputs["GpuQueue"],
        "jobDefinition": outputs["Predict"],
        "parameters": {"spec": spec},
    }
    if shards > 1:
        return request | {"arrayProperties": {"size": shards}}
    only = {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "1"}
    return request | {"containerOverrides": {"environment": [{"name": key, "value": only[key]} for key in only]}}


def gather_request(name: str, outputs: Mapping[str, str], spec: str, after: str | None) -> dict[str, Any]:
    """Return the SubmitJob request of the gathering step, which starts when job `after` has succeeded as a whole."""
    request = {
        "jobName": f"{name}-gather",
        "jobQueue": outputs["CpuQueue"],
        "jobDefinition": outputs["Gather"],
        "parameters": {"spec": spec},
    }
    return request | {"dependsOn": [{"jobId": after}]} if after else request


def aws_session() -> boto3.Session:
    """Open AWS in the region of AWS_REGION, which the jobs have too; else where boto3's own settings say."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def stack_outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    """Read the names of queues, job definitions and places from the stack."""
    (found,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def run_plan(command: str, spec: str, outputs: Mapping[str, str], *options: str) -> str:
    """Plan here, with the places that the jobs will see. Ends with the program's own code if the spec has a fault."""
    places = {"DATA": outputs["Data"], "WEIGHTS": outputs["Weights"], "RESULTS": outputs["Results"]}
    try:
        done = subprocess.run(  # noqa: S603 - the user's own program
            [command, "plan", spec, "--format", "json", *options],
            env=os.environ | places, stdout=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    except OSError as error:
        raise RefusedError(
            f"{command}: {error.strerror}; name the program with --medsam-job .venv/bin/medsam-job"
        ) from None
    if done.returncode:
        sys.exit(done.returncode)
    return done.stdout


def main(arguments: list[str] | None = None) -> int:
    """Show what a study comes to, ask, and submit it. What the user can mend is one line."""
    args = _parse(arguments)
    try:
        return _submit(args)
    except NoRegionError:
        told = "no region: set AWS_REGION to that of the stack"
    except NoCredentialsError:
        told = "no credentials for AWS: log in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    except (BotoCoreError, ClientError, RefusedError) as error:
        told = " ".join(str(error).split())
    print(told, file=sys.stderr)
    return EXIT_MENDABLE


def _submit(args: argparse.Namespace) -> int:
    session = aws_session()
    outputs = stack_outputs(session, args.stack)
    if args.spec.startswith("s3://") and not args.spec.startswith(f"{outputs['Specs']}/"):
        raise RefusedError(f"{args.spec}: expected an address below {outputs['Specs']}, where jobs may read specs")
    if args.gather_only:
        job = session.client("batch").submit_job(**gather_request(args.name, outputs, args.spec, after=None))
        print(f"gather   {job['jobId']}")
        return EXIT_DONE
    plan: dict[str, Any] = json.loads(run_plan(args.medsam_job, args.spec, outputs))
    if not plan["output"].startswith("s3://"):
        expected = "expected an address that all workers reach, such as ${RESULTS}/my-study"
        raise RefusedError(f"{args.spec}: output: {expected}; got {plan['output']}")
    if not plan["left"]:
        print("nothing to predict: every part of the plan is done; --gather-only computes the summary again")
        return EXIT_DONE
    at_once = max(1, int(outputs["MaxVcpus"]) // int(outputs["WorkerVcpus"]))
    found = estimate(
        plan,
        seconds_per_slice=args.seconds_per_slice,
        hours=args.hours,
        price=args.price_per_hour,
        shards=args.shards,
        at_once=at_once,
    )
    print(f"study          {plan['study']}, to {plan['output']}")
    print(f"work           {found.chunks_left:,} chunks left, of {found.raw_slices:,} slices in all")
    print(f"workers        {found.shards:,}, at most {at_once:,} at once (the stack's MaxVcpus)")
    print(f"machine hours  {found.machine_hours:,.1f}, each worker's start reckoned with {START_HOURS} h")
    print(f"wall time      {found.wall_hours:,.1f} h, if there are machines")
    print(f"cost           {found.cost:,.2f} at {args.price_per_hour} a machine hour; storage and transfer not counted")
    if not (args.yes or input("Submit? [y/N] ").strip().lower() == "y"):
        print("nothing submitted")
        return EXIT_DONE
    run_plan(args.medsam_job, args.spec, outputs, "--store")
    batch = session.client("batch")
    workers = batch.submit_job(**predict_request(args.name, outputs, args.spec, found.shards))
    print(f"predict        {workers['jobId']}")
    gather = batch.submit_job(**gather_request(args.name, outputs, args.spec, after=workers["jobId"]))
    print(f"gather         {gather['jobId']}")
    print(f"watch with     medsam-job status {plan['output']}")
    print(f"end it with    aws batch terminate-job --reason stopped --job-id {workers['jobId']}")
    return EXIT_DONE


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "spec",
        help="the study: a path here and below /app in the image, or an s3:// address below the stack's SpecPrefix",
    )
    parser.add_argument("--stack", default="medsam-job", help="the CloudFormation stack (medsam-job)")
    parser.add_argument("--name", default="medsam-job", help="what the jobs' names begin with (medsam-job)")
    parser.add_argument("--seconds-per-slice", type=_above_zero, help="measured by a trial; see docs/deploy.md")
    parser.add_argument("--price-per-hour", type=_above_zero, help="of one machine, as your region and market have it")
    parser.add_argument("--hours", type=_above_zero, default=4.0, help="wall time to aim at (4)")
    parser.add_argument("--shards", type=_above_zero_whole, help="so many workers, in place of --hours")
    parser.add_argument("--gather-only", action="store_true", help="compute the summary from what is stored")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--medsam-job", default="medsam-job", help="the program that plans (medsam-job)")
    args = parser.parse_args(arguments)
    if not args.gather_only and (args.seconds_per_slice is None or args.price_per_hour is None):
        parser.error("--seconds-per-slice and --price-per-hour are needed: no cost can be shown without them")
    return args


def _above_zero(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0; got {text}")
    return number


def _above_zero_whole(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0; got {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
