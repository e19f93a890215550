# Source this file. It starts a Docker engine with folders of its own, unless DOCKER_HOST names one, and ends it with the
# shell. Runs as root. Without rules for packets: containers reach each other and their host, not other machines.
if [ -z "${DOCKER_HOST:-}" ]; then
    IMAGE_STORE=${IMAGE_STORE:-/var/tmp/medsam-job-image}
    mkdir -p "$IMAGE_STORE/docker"
    dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$IMAGE_STORE/docker/data" \
        --exec-root "$IMAGE_STORE/docker/exec" --pidfile "$IMAGE_STORE/docker/pid" \
        --host "unix://$IMAGE_STORE/docker/socket" > "$IMAGE_STORE/docker/log" 2>&1 &
    dockerd_pid=$!
    trap 'kill "$dockerd_pid"; wait "$dockerd_pid"' EXIT
    export DOCKER_HOST=unix://$IMAGE_STORE/docker/socket
    for _ in $(seq 60); do docker info > /dev/null 2>&1 && break; sleep 1; done
fi
