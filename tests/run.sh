#!/usr/bin/env bash
# Sets up and runs all checks: bash tests/run.sh
#   EXACTZONES_VNNCOMP   a folder with public networks (acasxu/, rl_benchmarks/, ..): tests on them run, else they are skipped
#   EXACTZONES_TORCH     a requirement such as "torch": it is installed and the tests of the PyTorch loader run
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash examples/setup.sh dev .venv
bin=.venv/bin
if [ -n "${EXACTZONES_TORCH:-}" ]; then
    "$bin/python" -m pip install --quiet --disable-pip-version-check "$EXACTZONES_TORCH"
fi
"$bin/ruff" check .
"$bin/ruff" format --check .
"$bin/mypy"
"$bin/lint-imports"
"$bin/python" -m pytest -n auto --dist worksteal --cov --cov-report=term:skip-covered -q "$@"
