#!/bin/sh
# Resolve requirements*.in into hash-locked files for Python 3.11+ on every platform.
# Extra words go to uv, for example: make lock ARGS="--upgrade-package flask"
set -eu
cd "$(dirname "$0")/.."
compile() {
    .venv/bin/uv --quiet pip compile --universal --python-version 3.11 --generate-hashes \
        --no-annotate --no-emit-index-url --custom-compile-command 'make lock' "$@"
}
compile requirements.in --output-file requirements.lock "${@}"
# The second set contains the first, at the same versions.
compile requirements.in requirements-dev.in --constraint requirements.lock \
    --output-file requirements-dev.lock "${@}"
# The rivals of the benchmarks come on top of both.
compile requirements.in requirements-dev.in requirements-bench.in \
    --constraint requirements-dev.lock --output-file requirements-bench.lock "${@}"
