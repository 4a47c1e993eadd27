#!/usr/bin/env bash
# From a fresh clone to the complete list of activation zones of a trained network, with a picture: bash examples/run.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bash examples/setup.sh all .venv
exec .venv/bin/exactzones zones examples/networks/iris_2d.npz --feature 2 --domain 0:8 --merge --json zones.json --plot zones.svg
