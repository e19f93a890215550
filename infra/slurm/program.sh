#!/usr/bin/env bash
# Runs medsam-job with these arguments: the program that MEDSAM_JOB names, or else the image IMAGE by Apptainer.
#
#     apptainer build medsam-job.sif docker://REGISTRY/medsam-job:0.1.0
#     IMAGE=medsam-job.sif infra/slurm/program.sh plan specs/study.yaml
#
# The working folder is the same inside and outside, so that relative paths mean the same; APPTAINER_BIND adds folders.
# CACHE keeps copies of remote inputs and compiled kernels.
set -euo pipefail

if [[ -n ${MEDSAM_JOB:-} ]]; then
    exec "$MEDSAM_JOB" "$@"
fi

cache=${CACHE:-$PWD/medsam-job-cache}
mkdir -p "$cache"

# --cleanenv: of the caller's variables, such as PYTHONPATH, only those named here reach the program. They are handed
# over as variables, because anyone on the machine can read a command line.
passed='^(SLURM_ARRAY_TASK_[A-Z]+|MEDSAM_JOB_SHARDS|AWS_[A-Z_]+|AZURE_[A-Z_]+|GOOGLE_APPLICATION_CREDENTIALS|DATA|WEIGHTS|RESULTS)$'
for name in $(compgen -e | grep -E "$passed"); do
    export "APPTAINERENV_$name=${!name}"
done

options=(--cleanenv --no-home --pwd "$PWD" --bind "$PWD" --bind "$cache:/cache")
if [[ -e /dev/nvidiactl ]]; then
    options+=(--nv)
fi
exec apptainer run "${options[@]}" "${IMAGE:-medsam-job.sif}" "$@"
