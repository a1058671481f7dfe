# The program on the CPU, as ghcr.io/run-glue/run-glue:<version>:
#
#   docker build -t run-glue .
#   docker run --rm -v "$PWD:/work" --user "$(id -u)" run-glue --task rte --model bert-base-cased
#
# For NVIDIA's GPUs the program needs NVRTC and CUDA's headers beside it, which NVIDIA's images for development have:
#
#   docker build -t run-glue:cuda --build-arg FEATURES=cuda --build-arg BASE=nvidia/cuda:13.0.1-devel-ubuntu24.04 .
#   docker run --rm --gpus all -v "$PWD:/work" run-glue:cuda selftest --backend cuda

ARG RUST=rust:1.92.0-slim-bookworm
ARG BASE=debian:12.12-slim

# hadolint ignore=DL3006
FROM ${RUST} AS build
ARG FEATURES=""
# Empty: what the clone says, of which .dockerignore lets in just that.
ARG RUN_GLUE_GIT_COMMIT=""
ENV RUN_GLUE_GIT_COMMIT=${RUN_GLUE_GIT_COMMIT}
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked -p run-glue --features "${FEATURES}" \
    && cp target/release/run-glue /usr/local/bin/

# The roots of certificates are in the program: nothing is to be installed.
# hadolint ignore=DL3006
FROM ${BASE}
COPY --from=build /usr/local/bin/run-glue /usr/local/bin/
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/run-glue/
# Models, tokens and compiled kernels are kept where the work is, so that a container that ends takes none with it.
ENV HF_HOME=/work/.huggingface RUN_GLUE_CACHE=/work/.run-glue
RUN mkdir /work && chown 10001:10001 /work
WORKDIR /work
# By number, so that Kubernetes sees that it is not root; it needs no entry among the users.
USER 10001:10001
ENTRYPOINT ["run-glue"]
CMD ["--help"]
