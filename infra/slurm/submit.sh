#!/usr/bin/env bash
# Submits a study to Slurm: an array of workers, and a job that gathers their results when all have ended.
#
#     infra/slurm/submit.sh specs/study.yaml [options of sbatch for the workers, such as --gres=gpu:1 --time=8:00:00]
#
# WORKERS is the largest number of workers (8); there are never more than chunks to do. IMAGE or MEDSAM_JOB names the
# program, see program.sh. Account and partition of both jobs: SBATCH_ACCOUNT, SBATCH_PARTITION. Run it again to resume.
set -euo pipefail

if [[ $# -eq 0 || $1 == -* ]]; then
    sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0" >&2
    exit 2
fi
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
spec=$1
shift

# The plan is stored now, so that a fault of the spec shows here, and not in eight logs.
plan=$("$here/program.sh" plan "$spec" --store --format json)
chunks=$(sed -En 's/.*"chunks_left": ([0-9]+).*/\1/p' <<< "$plan")
output=$(sed -En 's/.*"output": "([^"]+)".*/\1/p' <<< "$plan")
workers=$((chunks < ${WORKERS:-8} ? chunks : ${WORKERS:-8}))

dependency=()
if [[ $workers -gt 0 ]]; then
    export MEDSAM_JOB_SHARDS=$workers
    array=$(sbatch --parsable --array="0-$((workers - 1))" "$@" "$here/worker.sbatch" "$here/program.sh" "$spec")
    dependency=(--dependency="afterany:${array%%;*}")
fi
unset MEDSAM_JOB_SHARDS
gather=$(sbatch --parsable ${dependency[@]+"${dependency[@]}"} "$here/gather.sbatch" "$here/program.sh" "$spec")

jobs=${array:+${array%%;*},}${gather%%;*}
echo "$chunks chunks to do by $workers workers: jobs $jobs"
echo "watch:  squeue --jobs=$jobs;  $here/program.sh status $output"
echo "cancel: scancel ${jobs//,/ }"
