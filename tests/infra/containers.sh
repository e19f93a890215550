# Source this file. It gives buildah and podman a folder of their own for images, and lets them run as root without
# systemd.
#
# overlay, because vfs copies gigabytes for every layer. runc and cgroupfs, because crun and systemd need features that
# a plain machine or a CI container lacks.
export IMAGE_STORE=${IMAGE_STORE:-/var/tmp/medsam-job-image}
mkdir -p "$IMAGE_STORE"
cat > "$IMAGE_STORE/storage.conf" <<END
[storage]
driver = "overlay"
graphroot = "$IMAGE_STORE/storage"
runroot = "$IMAGE_STORE/run"
END
cat > "$IMAGE_STORE/containers.conf" <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
END
export CONTAINERS_STORAGE_CONF=$IMAGE_STORE/storage.conf CONTAINERS_CONF=$IMAGE_STORE/containers.conf
