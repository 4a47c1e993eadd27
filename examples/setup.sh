#!/usr/bin/env bash
# Sets up a fresh Debian (or Ubuntu) machine: compiler, cddlib, GMP, a virtual environment with exactzones in it.
#   bash examples/setup.sh [EXTRAS] [FOLDER]     EXTRAS: all (default) or dev; FOLDER: .venv by default
# Needs root (or sudo) only where the libraries are missing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
extras=${1:-all}
venv=${2:-.venv}
python=${PYTHON:-python3}

have_libraries() {
    printf '#include <gmp.h>\n#include <cddlib/setoper.h>\n' | "${CC:-cc}" -E -x c - >/dev/null 2>&1
}
have_venv() {
    "$python" -c 'import ensurepip, os, sys, sysconfig
sys.exit(not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")))' 2>/dev/null
}

if ! have_libraries || ! have_venv; then
    as_root=()
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null || {
            echo "missing: a C compiler, libcdd-dev, libgmp-dev, python3-dev or python3-venv; install them as root:" >&2
            echo "    apt-get install gcc libc6-dev libcdd-dev libgmp-dev python3-dev python3-venv" >&2
            exit 2
        }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        gcc libc6-dev libcdd-dev libgmp-dev python3 python3-dev python3-venv >/dev/null
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
editable=()
[ "$extras" = dev ] && editable=(-e) || extras=$extras,cddlib
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "${editable[@]}" ".[$extras]"
