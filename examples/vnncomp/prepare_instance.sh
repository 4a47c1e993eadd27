#!/usr/bin/env bash
# VNN-COMP: prepare an instance, without looking at what it asks.    bash prepare_instance.sh v1 CATEGORY NETWORK PROPERTY
# Exit code 0: it may be run; another: it is skipped.
set -euo pipefail
[ "${1:-}" = v1 ] || { echo "expected the version v1, not '${1:-}'" >&2; exit 1; }
[ $# = 4 ] || { echo "expected v1 CATEGORY NETWORK PROPERTY" >&2; exit 1; }
for file in "$3" "$4"; do
    [ -f "$file" ] || { echo "$file: no such file" >&2; exit 1; }
done
"${EXACTZONES:-$(dirname "${BASH_SOURCE[0]}")/../../.venv/bin/exactzones}" info "$3" >/dev/null
