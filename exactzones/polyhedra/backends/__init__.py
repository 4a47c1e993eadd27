"""The back ends for conversions and linear programs, and the choice between them.

A back end is a module with the three functions of ``protocol.Backend``.  There are two:

* ``cddlib``: the C library, for rational numbers that are not too long; used where pycddlib is installed;
* ``ordered_field``: plain Python, for numbers of any ordered field, irrational ones included; without pycddlib, for all.

``guessed`` solves most linear programs of many variables faster than either, but not all.

To add one, write its module and enter it in ``BACKENDS``, the only place where back ends are chosen; the tests of
tests/polyhedra/test_backends.py then run on it, too.  Linear programs need not be trusted: ``lp`` verifies their certificates.

There are five implementations of double description, each for a purpose of its own:

* cddlib's, and that of ``ordered_field``: all generators of one system at once;
* ``polyhedra/cells.py``: one exact cut after the other, of a cell whose generators are known;
* the kernel of the forward engine (``engine/kernel``): thousands of cuts of simple cones at once,
  in floats with certified signs;
* ``certification/provers/polytopes.py``: many polytopes at once, in plain floats, for proofs that are verified exactly later.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from exactzones.polyhedra.backends import guessed, ordered_field
from exactzones.polyhedra.backends.protocol import Backend, Entries, Solution, UnsupportedNumbersError
from exactzones.rational import Row

__all__ = ["BACKENDS", "Backend", "Entries", "Solution", "UnsupportedNumbersError", "generators", "inequalities", "maximize"]

BACKENDS: tuple[Backend, ...] = (ordered_field,)
"""In the order in which they are tried: the fastest first, and last the one that supports all numbers."""
with suppress(ImportError):  # pycddlib has no wheels: to build it takes a compiler, cddlib and GMP
    from exactzones.polyhedra.backends import cddlib

    BACKENDS = (cddlib, *BACKENDS)

_FEW_VARIABLES = 10  # measured: from here on ``guessed`` is faster than cddlib's exact pivots

Answer = TypeVar("Answer")


def generators(rows: Sequence[Row], equations: Sequence[Row], dim: int) -> tuple[list[Row], list[Row], list[Row]]:
    """Return (vertices, rays, lines) of a non-empty system: see ``Backend.generators``."""
    return _first_answer(lambda backend: backend.generators(rows, equations, dim))


def inequalities(points: Sequence[Row], rays: Sequence[Row], lines: Sequence[Row], dim: int) -> tuple[list[Row], list[Row]]:
    """Return (rows, equations) of the hull of generators: see ``Backend.inequalities``."""
    return _first_answer(lambda backend: backend.inequalities(points, rays, lines, dim))


def maximize(rows: Sequence[Row], equations: Sequence[Row], objective: Entries) -> Solution:
    """Solve a linear program that is feasible and bounded: see ``Backend.maximize``.

    If it has many variables, or if there is no cddlib, the basis at which HiGHS ends is tried first.
    """
    if len(objective) > _FEW_VARIABLES or len(BACKENDS) == 1:
        solution = guessed.maximize(rows, equations, objective)
        if solution is not None:
            return solution
    return _first_answer(lambda backend: backend.maximize(rows, equations, objective))


def _first_answer(ask: Callable[[Backend], Answer]) -> Answer:
    """Return the answer of the first back end that supports the numbers."""
    for backend in BACKENDS[:-1]:
        try:
            return ask(backend)
        except UnsupportedNumbersError:
            continue
    return ask(BACKENDS[-1])
