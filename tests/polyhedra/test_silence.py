"""The words of libraries in C never reach the user's standard error."""

import os
import threading

import numpy as np
import pytest

from exactzones.polyhedra.backends import guessed, highs
from exactzones.polyhedra.backends.silence import quietly


def test_what_c_code_writes_is_not_seen(capfd):
    assert quietly(lambda: os.write(2, b"floating-point arithmetic errors\n")) == 33
    with pytest.raises(ZeroDivisionError):
        quietly(lambda: os.write(2, b"words\n") // 0)
    with pytest.raises(KeyboardInterrupt):
        quietly(interrupted)
    assert quietly(lambda: quietly(lambda: 1) + os.write(2, b"!")) == 2
    os.write(2, b"our own words\n")
    assert capfd.readouterr() == ("", "our own words\n")


def interrupted():
    raise KeyboardInterrupt


def test_threads_leave_standard_error_as_it_was(capfd):
    def run():
        for _ in range(200):
            quietly(lambda: os.write(2, b"words\n"))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(2, b"our own words\n")
    assert capfd.readouterr() == ("", "our own words\n")


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("linprog_solve", ([(1, 1), (1, -1)], [], (0, 1))),
        ("polyhedron_from_matrix", ([(1, 1), (1, -1)], [], 1)),
    ],
)
def test_every_call_of_cddlib_is_silent(capfd, monkeypatch, function, arguments):
    cddlib = pytest.importorskip("exactzones.polyhedra.backends.cddlib")
    original = getattr(cddlib.cdd.gmp, function)

    def talking(*given):
        os.write(2, b"Most likely due to the floating-point arithmetic errors\n")
        return original(*given)

    monkeypatch.setattr(cddlib.cdd.gmp, function, talking)
    if function == "linprog_solve":
        assert cddlib.maximize(*arguments).value == 1
    else:
        assert len(cddlib.generators(*arguments)[0]) == 2
        assert len(cddlib.inequalities([(1, -1), (1, 1)], [], [], 1)[0]) == 2
    assert capfd.readouterr() == ("", "")


def test_highs_is_silent(capfd):
    """Also about programs that are infeasible, unbounded, or have coefficients that it warns of or refuses."""
    for rows in ([([1.0], 2.0)], [], [([1e-30], 0.0), ([1e14], 1.0)], [([1e300], 1e300)], [([np.nan], 0.0)]):
        program = highs.FloatProgram(np.array([-np.inf]), np.array([np.inf]))
        program.maximise(np.array([1.0]))
        for row, lower in rows:
            program.push(np.array(row), lower)
        program.solve()
    guessed.maximize([(1, 1), (1, -1)], [], (0, 1))
    assert capfd.readouterr() == ("", "")
