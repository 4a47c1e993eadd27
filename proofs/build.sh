#!/usr/bin/env bash
# Checks the proofs and builds the verified checker: bash proofs/build.sh
#   Installs Coq and the OCaml libraries from Debian when they are missing and this runs as root.
#   COQCHK=1   lets Coq's independent kernel check everything once more (slow).
#   --ready    only says, by its exit code, whether nothing is missing.
# The checker is then proofs/build/exactzones-checker, and in the user's data folder, where `exactzones check --verified` finds it
# from any folder.
# As it is made only after all checks passed, there is nothing to do while it is newer than everything here.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
checker=build/exactzones-checker

ready() {
    command -v coqc >/dev/null && [ -d "$(coqc -where)/user-contrib/Flocq" ] && ocamlfind query zarith yojson >/dev/null 2>&1
}
if [ "${1:-}" = --ready ]; then
    ready
    exit
fi

if [ -z "${COQCHK:-}" ] && [ -x "$checker" ] && [ -z "$(find coq checker build.sh -newer "$checker" -print -quit)" ]; then
    echo "proofs checked before; the checker is proofs/$checker"
    exit
fi

if ! ready; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "needs coq libcoq-flocq ocaml-findlib libzarith-ocaml-dev libyojson-ocaml-dev (Debian's names)" >&2
        exit 1
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends coq libcoq-flocq ocaml-findlib libzarith-ocaml-dev libyojson-ocaml-dev >/dev/null
fi

if grep -nwE 'Admitted|admit|Axiom|Axioms|Parameter|Parameters|Conjecture|bypass_check' coq/*.v; then
    echo "a statement without a proof" >&2
    exit 1
fi

proofs=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
touch "$work/started"
cp coq/*.v coq/_CoqProject coq/assumptions.txt checker/main.ml "$work"
cd "$work"
coq_makefile -f _CoqProject -o Makefile
make -j"$(nproc)" >build.log 2>&1 || { tail -30 build.log >&2; exit 1; }

# What every theorem rests on.
coqc -Q . Exactzones Assumptions.v >assumptions.found
diff assumptions.txt assumptions.found

# The committed checker is what the proofs give.
for file in checker.ml checker.mli; do
    diff -q "$file" "$proofs/checker/$file"
done

if [ -n "${COQCHK:-}" ]; then
    coqchk -silent -o -Q . Exactzones Exactzones.{Linear,Unrelu,Joins,Counting,Rational,Real,Cover,Islands,Floats,Showcase}
fi

ocamlfind ocamlopt -inline 200 -w -a -package zarith,yojson -linkpkg checker.mli checker.ml main.ml -o exactzones-checker
touch -r started exactzones-checker # so what is edited meanwhile is newer
mkdir -p "$proofs/build"
mv -f exactzones-checker "$proofs/$checker"
installed=${XDG_DATA_HOME:-$HOME/.local/share}/exactzones
if mkdir -p "$installed" 2>/dev/null && cp -f "$proofs/$checker" "$installed/.exactzones-checker" 2>/dev/null; then
    mv -f "$installed/.exactzones-checker" "$installed/exactzones-checker" # at once: it may be running
    echo "proofs checked; the checker is proofs/$checker, also installed in $installed"
else
    echo "proofs checked; the checker is proofs/$checker; it could not be installed in $installed"
fi
