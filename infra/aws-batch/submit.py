"""Submit a study to AWS Batch: an array job that predicts, and a gathering job that starts when it is done.

    python infra/aws-batch/submit.py specs/my.yaml --stack medsam-job --seconds-per-slice 2.5 --price-per-hour 0.40
    python infra/aws-batch/submit.py s3://my-bucket/specs/my.yaml --seconds-per-slice 2.5 --price-per-hour 0.40

How many shards: as many as bring the work near --hours, and never more than there are chunks. The work is reckoned from
`medsam-job plan` and from what a trial took on the same kind of machine (docs/deploy.md says how). What it comes to is
shown before anything is submitted. Needs boto3, and medsam-job on the path or in --medsam-job.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import boto3

EXIT_DONE, EXIT_MENDABLE = 0, 2
LARGEST_ARRAY = 10_000
"""Batch takes arrays of 2 to 10,000."""
START_HOURS = 0.15
"""What each worker costs before its first slice: a guess: a machine starts, pulls the image and reads the weights."""


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
    """If all of them run at once and share alike."""
    cost: float
    """In the currency of the price."""


def estimate(
    plan: Mapping[str, Any], *, seconds_per_slice: float, hours: float, price: float, shards: int | None
) -> Estimate:
    """Size the array for `hours` of wall time, and reckon time and cost.

    plan: what `medsam-job plan --format json` prints. seconds_per_slice: all models and prompts together.
    """
    left = plan["parts_left"] / plan["parts"] if plan["parts"] else 0.0
    work_hours = plan["raw_slices"] * seconds_per_slice * left / 3600
    most = max(1, min(plan["chunks_left"], LARGEST_ARRAY))
    count = min(most, shards or max(1, math.ceil(work_hours / hours)))
    # Whole chunks are dealt, so the fullest shard decides when it ends.
    fullest = math.ceil(plan["chunks_left"] / count) / plan["chunks_left"] if plan["chunks_left"] else 0.0
    machine_hours = work_hours + count * START_HOURS
    return Estimate(
        raw_slices=plan["raw_slices"],
        chunks_left=plan["chunks_left"],
        shards=count,
        machine_hours=machine_hours,
        wall_hours=work_hours * fullest + START_HOURS,
        cost=machine_hours * price,
    )


def predict_request(name: str, outputs: Mapping[str, str], spec: str, shards: int) -> dict[str, Any]:
    """Give the SubmitJob request of the workers.

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
    """Give the SubmitJob request of the gathering step, which starts when job `after` has succeeded as a whole."""
    request = {
        "jobName": f"{name}-gather",
        "jobQueue": outputs["CpuQueue"],
        "jobDefinition": outputs["Gather"],
        "parameters": {"spec": spec},
    }
    return request | {"dependsOn": [{"jobId": after}]} if after else request


def stack_outputs(stack: str) -> dict[str, str]:
    """Read the names of queues, job definitions and places from the stack."""
    (found,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {one["OutputKey"]: one["OutputValue"] for one in found.get("Outputs", [])}


def read_plan(command: str, spec: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Plan here, with the places that the jobs will see. Ends with the program's own code if the spec has a fault."""
    places = {"DATA": outputs["Data"], "WEIGHTS": outputs["Weights"], "RESULTS": outputs["Results"]}
    done = subprocess.run(  # noqa: S603 - the user's own program
        [command, "plan", spec, "--format", "json"], env=os.environ | places, stdout=subprocess.PIPE, check=False
    )
    if done.returncode:
        sys.exit(done.returncode)
    plan: dict[str, Any] = json.loads(done.stdout)
    return plan


def main(arguments: list[str] | None = None) -> int:
    """Show what a study comes to, ask, and submit it."""
    args = _parse(arguments)
    outputs = stack_outputs(args.stack)
    if args.spec.startswith("s3://") and not args.spec.startswith(f"{outputs['Specs']}/"):
        print(f"{args.spec}: expected an address below {outputs['Specs']}, where jobs may read specs", file=sys.stderr)
        return EXIT_MENDABLE
    if args.gather_only:
        job = boto3.client("batch").submit_job(**gather_request(args.name, outputs, args.spec, after=None))
        print(f"gather   {job['jobId']}")
        return EXIT_DONE
    plan = read_plan(args.medsam_job, args.spec, outputs)
    if not plan["output"].startswith("s3://"):
        print(f"{args.spec}: output: expected an address that all workers reach, such as ${{RESULTS}}/my-study; "
              f"got {plan['output']}", file=sys.stderr)  # fmt: skip
        return EXIT_MENDABLE
    if not plan["chunks_left"]:
        print("nothing to predict: every part of the plan is done; --gather-only computes the summary again")
        return EXIT_DONE
    found = estimate(
        plan,
        seconds_per_slice=args.seconds_per_slice,
        hours=args.hours,
        price=args.price_per_hour,
        shards=args.shards,
    )
    print(f"study          {plan['study']}, to {plan['output']}")
    print(f"work           {found.chunks_left:,} chunks left, of {found.raw_slices:,} slices in all")
    print(f"workers        {found.shards:,}")
    print(f"machine hours  {found.machine_hours:,.1f}, each worker's start reckoned with {START_HOURS} h")
    print(f"wall time      {found.wall_hours:,.1f} h, if all workers run at once")
    print(f"cost           {found.cost:,.2f} at {args.price_per_hour} a machine hour; storage and transfer not counted")
    if not (args.yes or input("Submit? [y/N] ").strip().lower() == "y"):
        print("nothing submitted")
        return EXIT_DONE
    batch = boto3.client("batch")
    workers = batch.submit_job(**predict_request(args.name, outputs, args.spec, found.shards))
    gather = batch.submit_job(**gather_request(args.name, outputs, args.spec, after=workers["jobId"]))
    print(f"predict        {workers['jobId']}")
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
