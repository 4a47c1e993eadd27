#!/usr/bin/env bash
# Sets up and runs all checks: bash tests/run.sh
#   bash tests/run.sh --fast runs a part of the tests of each file, in under two minutes, without the proofs and without coverage.
#   Either may run in the background or under nohup: tests set the signals that they send.
#   The proofs are checked, and the verified checker is built, where Coq is there; pages are opened where Chromium is there.
#   CI (CI=true, as root) installs both; elsewhere nothing is installed for them, and their tests are skipped.
#   EXACTZONES_VNNCOMP   a folder with public networks (acasxu/, rl_benchmarks/, ..): tests on them run, else they are skipped
#   EXACTZONES_TORCH     a requirement such as "torch": it is installed with onnxscript, and the tests of the PyTorch loader run
#   EXACTZONES_NETWORKS  on how many networks the engines are compared (24)
#   EXACTZONES_EXPORTERS if not empty, they try PyTorch's ONNX exporters on every module, else, as they are slow, on some modules only
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash examples/setup.sh dev .venv
bin=.venv/bin
installing=
if [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ] && ! { bash proofs/build.sh --ready && command -v chromium >/dev/null; }; then
    timeout 600 bash -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        coq libcoq-flocq ocaml-findlib libzarith-ocaml-dev libyojson-ocaml-dev chromium fonts-dejavu-core >/dev/null' &
    installing=$!
fi
if [ -n "${EXACTZONES_TORCH:-}" ]; then
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$EXACTZONES_TORCH" onnxscript
fi
if [ -n "$installing" ] && ! wait "$installing"; then
    echo "Coq and Chromium could not be installed: tests that need them are skipped" >&2
fi
options=(--cov --cov-report=term:skip-covered)
proving=
if [ "${1:-}" = --fast ]; then
    shift
    export EXACTZONES_FAST=1
    options=()
elif bash proofs/build.sh --ready; then
    bash proofs/build.sh &
    proving=$!
fi
[ $# = 0 ] || options+=(--cov-fail-under=0) # some of the tests only
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
[ -z "$proving" ] || wait "$proving"
"$bin/python" -m pytest -n auto --dist worksteal "${options[@]}" -q "$@"
