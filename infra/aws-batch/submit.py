"""Submit a study to AWS Batch: an array job that predicts, and a gathering job that starts when it has succeeded.

    python infra/aws-batch/submit.py specs/my.yaml --stack medsam-job --seconds-per-slice 2.5 --price-per-hour 0.40
    python infra/aws-batch/submit.py s3://my-bucket/specs/my.yaml --seconds-per-slice 2.5 --price-per-hour 0.40

The number of shards is chosen so that the wall time is near --hours. It is never above the number of chunks, or of
machines at once. The work is estimated from `medsam-job plan` and from the time of a trial on the same kind of machine
(docs/deploy.md explains the trial). The estimate is shown before anything is submitted. Then the plan is stored, so
that all workers use it. Needs boto3, and medsam-job on the path or in --medsam-job.
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
"""AWS Batch accepts array sizes of 2 to 10,000."""
START_HOURS = 0.15
"""Guessed hours of each worker before its first slice: to start a machine, pull the image and read the weights."""


class RefusedError(Exception):
    """A fault that the user can mend. Its message is one line."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """The work that is left of a study, and its time and cost."""

    raw_slices: int
    """Of the whole plan."""
    chunks_left: int
    shards: int
    machine_hours: float
    """Of all workers together, including their starts."""
    wall_hours: float
    """Until the shard with the most chunks is done; a multiple of that if not all workers run at once."""
    cost: float
    """In the currency of the price per hour."""


def estimate(
    plan: Mapping[str, Any], *, seconds_per_slice: float, hours: float, price: float, shards: int | None, at_once: int
) -> Estimate:
    """Choose the number of shards for `hours` of wall time, and estimate time and cost.

    plan: the JSON that `medsam-job plan --format json` prints. seconds_per_slice: of all models and prompts together.
    price: of one machine hour. shards: their number, if the user chose it. at_once: the most workers at a time.
    """
    left: list[int] = plan["left"]
    share_left = plan["parts_left"] / plan["parts"] if plan["parts"] else 0.0
    work_hours = plan["raw_slices"] * seconds_per_slice * share_left / 3600
    most = max(1, min(len(left), LARGEST_ARRAY))
    if shards:
        count = min(most, shards)
    else:
        wanted = min(most, at_once, max(1, math.ceil(work_hours / hours)))
        count = even_count(left, wanted, min(2 * wanted, plan["chunks"], at_once, LARGEST_ARRAY))
    largest_share = most_chunks(left, count) / len(left) if left else 0.0
    machine_hours = work_hours + count * START_HOURS
    return Estimate(
        raw_slices=plan["raw_slices"],
        chunks_left=len(left),
        shards=count,
        machine_hours=machine_hours,
        wall_hours=math.ceil(count / at_once) * (work_hours * largest_share + START_HOURS),
        cost=machine_hours * price,
    )


def even_count(left: Sequence[int], wanted: int, most: int) -> int:
    """Return the smallest number of shards, from `wanted` on, that divides the chunks left evenly.

    Evenly: the shard with the most chunks has no more than an even division among `wanted` shards would give it. If no
    number up to `most` does this, return the one whose largest shard is smallest. After an interrupted run of n shards,
    the indexes of the chunks left are often equal modulo n, so n shards would give all of them to one worker.
    """
    even = math.ceil(len(left) / wanted)
    best = wanted
    for count in range(wanted, most + 1):
        if most_chunks(left, count) <= even:
            return count
        best = min(best, count, key=lambda shards: most_chunks(left, shards))
    return best


def most_chunks(left: Sequence[int], count: int) -> int:
    """Return the chunks left in the largest of `count` shards. Shard i has the plan's chunks i, i + count, …"""
    return max(Counter(index % count for index in left).values(), default=0)


def predict_request(name: str, outputs: Mapping[str, str], spec: str, shards: int) -> dict[str, Any]:
    """Return the SubmitJob request of the workers.

    AWS Batch accepts no array of one. A single worker is a plain job, with variables that make it the only shard. A run
    without shards would end with 3 if any chunk failed, and the gathering job would never start.
    """
    request = {
        "jobName": f"{name}-predict",
        "jobQueue": outputs["GpuQueue"],
        "jobDefinition": outputs["Predict"],
        "parameters": {"spec": spec},
    }
    if shards > 1:
        return request | {"arrayProperties": {"size": shards}}
    variables = {"JOB_COMPLETION_INDEX": "0", "MEDSAM_JOB_SHARDS": "1"}
    environment = [{"name": name, "value": value} for name, value in variables.items()]
    return request | {"containerOverrides": {"environment": environment}}


def gather_request(name: str, outputs: Mapping[str, str], spec: str, after: str | None) -> dict[str, Any]:
    """Return the SubmitJob request of the gathering job. It starts when all of job `after` has succeeded."""
    request = {
        "jobName": f"{name}-gather",
        "jobQueue": outputs["CpuQueue"],
        "jobDefinition": outputs["Gather"],
        "parameters": {"spec": spec},
    }
    return request | {"dependsOn": [{"jobId": after}]} if after else request


def aws_session() -> boto3.Session:
    """Open a session in the region of AWS_REGION, as in the jobs; without it, in the region of boto3's own settings."""
    return boto3.Session(region_name=os.environ.get("AWS_REGION") or None)


def stack_outputs(session: boto3.Session, stack: str) -> dict[str, str]:
    """Read the outputs of the stack: queues, job definitions, and the addresses of inputs and results."""
    (description,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])}


def run_plan(command: str, spec: str, outputs: Mapping[str, str], *options: str) -> str:
    """Run `medsam-job plan` on this machine, with the addresses that the jobs will use, and return its output.

    Exit with the code of `plan` if it fails.
    """
    addresses = {"DATA": outputs["Data"], "WEIGHTS": outputs["Weights"], "RESULTS": outputs["Results"]}
    try:
        process = subprocess.run(  # noqa: S603 - the user's own program
            [command, "plan", spec, "--format", "json", *options],
            env=os.environ | addresses, stdout=subprocess.PIPE, check=False, text=True,
        )  # fmt: skip
    except OSError as error:
        raise RefusedError(
            f"{command}: {error.strerror}; name the program with --medsam-job .venv/bin/medsam-job"
        ) from None
    if process.returncode:
        sys.exit(process.returncode)
    return process.stdout


def main(arguments: list[str] | None = None) -> int:
    """Show the estimate, ask for confirmation, and submit the study. Report a mendable fault in one line."""
    args = _parse(arguments)
    try:
        return _submit(args)
    except NoRegionError:
        message = "no region: set AWS_REGION to the region of the stack"
    except NoCredentialsError:
        message = "no credentials for AWS: log in, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    except (BotoCoreError, ClientError, RefusedError) as error:
        message = " ".join(str(error).split())
    print(message, file=sys.stderr)
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
        expected = "expected an address that all workers can reach, such as ${RESULTS}/my-study"
        raise RefusedError(f"{args.spec}: output: {expected}; got {plan['output']}")
    if not plan["left"]:
        print("nothing to predict: every part of the plan is done; use --gather-only to compute the summary again")
        return EXIT_DONE
    at_once = max(1, int(outputs["MaxVcpus"]) // int(outputs["WorkerVcpus"]))
    work = estimate(
        plan,
        seconds_per_slice=args.seconds_per_slice,
        hours=args.hours,
        price=args.price_per_hour,
        shards=args.shards,
        at_once=at_once,
    )
    print(f"study          {plan['study']}, to {plan['output']}")
    print(f"work           {work.chunks_left:,} chunks left; {work.raw_slices:,} slices in the whole plan")
    print(f"workers        {work.shards:,}, at most {at_once:,} at once (the stack's MaxVcpus)")
    print(f"machine hours  {work.machine_hours:,.1f}, including {START_HOURS} h for the start of each worker")
    print(f"wall time      {work.wall_hours:,.1f} h, if machines are available")
    print(f"cost           {work.cost:,.2f} at {args.price_per_hour} a machine hour, without storage and transfer")
    if not (args.yes or input("Submit? [y/N] ").strip().lower() == "y"):
        print("nothing submitted")
        return EXIT_DONE
    run_plan(args.medsam_job, args.spec, outputs, "--store")
    batch = session.client("batch")
    workers = batch.submit_job(**predict_request(args.name, outputs, args.spec, work.shards))
    print(f"predict        {workers['jobId']}")
    gather = batch.submit_job(**gather_request(args.name, outputs, args.spec, after=workers["jobId"]))
    print(f"gather         {gather['jobId']}")
    print(f"watch with     medsam-job status {plan['output']}")
    print(f"stop with      aws batch terminate-job --reason stopped --job-id {workers['jobId']}")
    return EXIT_DONE


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "spec",
        help="the study: a path here and below /app in the image, or an s3:// address below the stack's SpecPrefix",
    )
    parser.add_argument("--stack", default="medsam-job", help="the CloudFormation stack (medsam-job)")
    parser.add_argument("--name", default="medsam-job", help="the beginning of the jobs' names (medsam-job)")
    parser.add_argument("--seconds-per-slice", type=_above_zero, help="as measured in a trial; see docs/deploy.md")
    parser.add_argument("--price-per-hour", type=_above_zero, help="of one machine, in your region and market")
    parser.add_argument("--hours", type=_above_zero, default=4.0, help="wall time to aim for (4)")
    parser.add_argument("--shards", type=_above_zero_whole, help="the number of workers, in place of --hours")
    parser.add_argument("--gather-only", action="store_true", help="compute the summary from what is stored")
    parser.add_argument("--yes", action="store_true", help="submit without asking for confirmation")
    parser.add_argument("--medsam-job", default="medsam-job", help="the program that plans the study (medsam-job)")
    args = parser.parse_args(arguments)
    if not args.gather_only and (args.seconds_per_slice is None or args.price_per_hour is None):
        parser.error("--seconds-per-slice and --price-per-hour are needed to estimate the cost")
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
