#!/usr/bin/env bash
# Sets up and runs all checks: bash tests/run.sh
#   The proofs are checked, and the verified checker is built, where Coq is there; CI (CI=true, as root) installs it.
#   EXACTZONES_VNNCOMP   a folder with public networks (acasxu/, rl_benchmarks/, ..): tests on them run, else they are skipped
#   EXACTZONES_TORCH     a requirement such as "torch": it is installed and the tests of the PyTorch loader run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash examples/setup.sh dev .venv
bin=.venv/bin
if [ -n "${EXACTZONES_TORCH:-}" ]; then
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$EXACTZONES_TORCH"
fi
have_coq() {
    command -v coqc >/dev/null && ocamlfind query zarith yojson >/dev/null 2>&1
}
if have_coq || { [ -n "${CI:-}" ] && [ "$(id -u)" = 0 ]; }; then # elsewhere nothing is installed for it, and its tests are skipped
    bash proofs/build.sh
fi
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
"$bin/python" -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered -q "$@"
