#!/bin/sh
# Removes from installed packages what the program cannot use: `trim.sh SITE_PACKAGES`. A package that is not there is
# passed by. NVIDIA's libraries are removed or kept, never changed. What libtorch_cuda.so is linked with stays (cuFFT,
# cuSPARSELt, NCCL, NVSHMEM), used or not.
set -eu
cd "$1"
# Headers and static libraries: nothing is compiled against them. triton has its own copy of cuda.h. torch would need its
# own to compile for the CPU, where the program does not compile.
find . -name '*.a' -delete
rm -rf torch/include torch/share nvidia/*/include pyarrow/include
# For several GPUs in one process; for other allocators; for profilers; for other protocols than files.
rm -f nvidia/cu13/lib/libcusolverMg.so* nvidia/cu13/lib/libnvrtc.alt.so* nvidia/cu13/lib/libnvperf_host.so*
rm -f nvidia/nvshmem/lib/libnvshmem_device.bc nvidia/nvshmem/lib/nvshmem_* torch/bin/protoc*
# Linear algebra on a GPU (torch.linalg: inverse, SVD …). torch loads it when it is first called; SAM and RITM call none.
rm -f nvidia/cu13/lib/libcusolver.so* torch/lib/libtorch_cuda_linalg.so
rm -rf triton/profiler triton/_C/libproton.so triton/backends/nvidia/lib/cupti triton/backends/nvidia/lib/cupti-blackwell
# For those who develop triton: examples of plug-ins and instruments, and a program that checks a compiler's output.
rm -rf triton/plugins triton/instrumentation triton/FileCheck
rm -f pyarrow/libarrow_flight.so* pyarrow/libarrow_python_flight.so* pyarrow/_flight.*
# Networks that no family of models is. A model of your own that needs one of them needs these lines removed.
if [ -d transformers/models ]; then
    find transformers/models -mindepth 1 -maxdepth 1 -type d ! -name auto ! -name clip ! -name encoder_decoder \
        ! -name 'edgetam*' ! -name 'sam2*' ! -name 'sam3*' ! -name sam_hq ! -name timm_wrapper -exec rm -rf {} +
fi
# AWS's other services: s3fs uses S3, and to sign in STS and SSO.
if [ -d botocore/data ]; then
    find botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 ! -name sts ! -name 'sso*' ! -name signin -exec rm -rf {} +
fi
# Tests of other packages.
rm -rf torch/test
for package in numpy scipy sympy pyarrow networkx nibabel pydicom nilearn; do
    if [ -d "$package" ]; then
        find "$package" -depth -type d -name tests -exec rm -rf {} +
    fi
done
# Symbols for debuggers: 0.5 GB of torch and triton. Those for linking stay. Libraries in folders *.libs were changed after
# they were linked, which not every `strip` survives.
find . -type f -name '*.so*' -not -path './nvidia/*' -not -path '*.libs/*' -exec strip --strip-unneeded {} +
