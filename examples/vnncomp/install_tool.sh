#!/usr/bin/env bash
# VNN-COMP: install the tool.    bash install_tool.sh v1
set -euo pipefail
[ "${1:-}" = v1 ] || { echo "expected the version v1, not '${1:-}'" >&2; exit 1; }
bash "$(dirname "${BASH_SOURCE[0]}")/../setup.sh" all .venv
