#!/usr/bin/env bash
# VNN-COMP: decide an instance.    bash run_instance.sh v1 CATEGORY NETWORK PROPERTY RESULTS SECONDS
# RESULTS gets sat (with the counterexample), unsat, timeout, unknown or error.  Verdicts are about real numbers.
set -euo pipefail
[ "${1:-}" = v1 ] || { echo "expected the version v1, not '${1:-}'" >&2; exit 1; }
[ $# = 6 ] || { echo "expected v1 CATEGORY NETWORK PROPERTY RESULTS SECONDS" >&2; exit 1; }
network=$3 property=$4 results=$5 seconds=$6
tool=${EXACTZONES:-$(dirname "${BASH_SOURCE[0]}")/../../.venv/bin/exactzones}

# The name of the network in VNN-LIB 2.0; in 1.0 it has none, and any will do.
name=$(gzip -cdf "$property" | sed -n 's/^ *(declare-network *\([A-Za-z0-9_]*\).*/\1/p' | head -n 1)

code=0
"$tool" verify "$property" --network "${name:-N}=$network" --arithmetic real --timeout "$seconds" \
    --jobs "$(nproc)" >"$results" || code=$?
case $code in
0) ;;
3) if grep -qx timed-out "$results"; then echo timeout >"$results"; else echo unknown >"$results"; fi ;;
*) echo error >"$results" ;;
esac
