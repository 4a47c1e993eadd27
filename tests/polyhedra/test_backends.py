"""Every back end: against the others, against the system that generators came from, and by its certificates."""

import random
import subprocess
import sys
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from polyhedra.systems import ENTRIES, systems

from exactzones.errors import BackendError
from exactzones.polyhedra import HRep, Infeasible, Optimal, Polyhedron, Unbounded, backends
from exactzones.polyhedra.backends import BACKENDS, UnsupportedNumbersError, cddlib, guessed, ordered_field
from exactzones.polyhedra.backends.basis import Basis
from exactzones.polyhedra.cells import canonical_vrep, reduce_modulo
from exactzones.rational import square_root, vector


def canonical(generators, dim):
    vertices, rays, lines = generators
    return canonical_vrep(dim, reduce_modulo([*vertices, *rays], lines), lines)


@given(systems())
def test_all_find_the_same_generators(system):
    assume(not Polyhedron(system).is_empty)
    answers = [canonical(b.generators(system.rows, system.equations, system.ambient_dim), system.ambient_dim) for b in BACKENDS]
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.__name__)
@given(system=systems())
def test_inequalities_bring_the_system_back(backend, system):
    polyhedron = Polyhedron(system)
    assume(not polyhedron.is_empty)
    rows, equations = backend.inequalities(*polyhedron.vrep.homogeneous(), system.ambient_dim)
    assert Polyhedron(HRep.of(system.ambient_dim, rows, equations=equations)) == polyhedron
    assert all(any(row[1:]) for row in rows)


@pytest.mark.parametrize("backend", [*BACKENDS, guessed], ids=lambda backend: backend.__name__)
@given(system=systems(), objective=st.lists(ENTRIES, min_size=4, max_size=4))
def test_maxima_and_multipliers_are_right(backend, system, objective):
    objective = tuple(objective[: system.ambient_dim + 1])
    result = Polyhedron(system).maximize(objective[1:])
    if isinstance(result, Optimal):
        solution = backend.maximize(system.closed_rows, system.equations, objective)
        if backend is guessed and solution is None:
            return  # its guess was not optimal, and the next back end decides
        assert solution.value == result.value + objective[0]
        assert system.contains(solution.point)
        assert objective[0] + sum(a * b for a, b in zip(objective[1:], solution.point, strict=True)) == solution.value
        assert all(entry >= 0 for entry in solution.multipliers[: len(system.closed_rows)])
        combined = [Fraction(0)] * (system.ambient_dim + 1)
        for row, factor in zip((*system.closed_rows, *system.equations), solution.multipliers, strict=True):
            combined = [total + factor * entry for total, entry in zip(combined, row, strict=True)]
        assert combined == [solution.value - objective[0], *(-entry for entry in objective[1:])]
    else:
        assert isinstance(result, (Unbounded, Infeasible))
        if backend is guessed:
            assert backend.maximize(system.closed_rows, system.equations, objective) is None
            return
        with pytest.raises(BackendError):
            backend.maximize(system.closed_rows, system.equations, objective)


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.__name__)
def test_a_constant_without_a_system_is_its_own_maximum(backend):
    solution = backend.maximize([], [], (3, 0, 0))
    assert (solution.value, solution.point, solution.multipliers) == (3, vector(0, 0), ())


ROOT = square_root(2)
LONG = 10**5000
NOT_FOR_CDDLIB = {
    "irrational rows": lambda backend: backend.generators([(ROOT, 1), (ROOT, -1)], [], 1),
    "irrational points": lambda backend: backend.inequalities([(1, ROOT)], [], [], 1),
    "irrational system": lambda backend: backend.maximize([(1, -ROOT)], [], (0, 1)),
    "irrational equation": lambda backend: backend.maximize([], [(1, -ROOT)], (0, 1)),
    "irrational objective": lambda backend: backend.maximize([(1, 1), (1, -1)], [], (0, ROOT)),
    "irrational constant": lambda backend: backend.maximize([], [], (ROOT, 0)),
    "long rows": lambda backend: backend.generators([(LONG, 1), (LONG, -1)], [], 1),
    "long points": lambda backend: backend.inequalities([(1, LONG), (1, 0)], [], [], 1),
    "long objective": lambda backend: backend.maximize([(1, 1), (1, -1)], [], (0, LONG)),
    # The vertices are quotients with more digits than the rows have.
    "long answer": lambda backend: backend.generators([(10**4000, -7, 0), (1, 0, 1), (-1, 3**8000, -(11**3000))], [], 2),
}


@pytest.mark.parametrize("ask", NOT_FOR_CDDLIB.values(), ids=NOT_FOR_CDDLIB)
def test_the_last_backend_answers_what_cddlib_cannot(ask):
    with pytest.raises(UnsupportedNumbersError):
        ask(cddlib)
    assert ask(backends) == ask(BACKENDS[-1])


def test_polyhedra_with_long_numbers():
    """[L, L + 1] x [0, 1] with L of 5,001 digits."""
    box = Polyhedron.box([LONG, 0], [LONG + 1, 1])
    assert box.vrep.vertices == (vector(LONG, 0), vector(LONG, 1), vector(LONG + 1, 0), vector(LONG + 1, 1))
    assert box.volume() == 1
    assert Polyhedron.hull(box.vrep.vertices) == box
    assert box.maximize([LONG, 1]).value == LONG * (LONG + 1) + 1
    assert Polyhedron.of(1, [(-LONG, 1), (LONG - 1, -1)]).is_empty


def test_errors_of_another_kind_are_not_taken_for_long_numbers():
    with pytest.raises(ValueError, match="length"):
        cddlib.generators([(1, 1, 1)], [], 1)


def test_an_infeasible_or_unbounded_program_is_an_error_of_every_backend():
    for backend in BACKENDS:
        for rows in ([(-1, 1), (0, -1)], [(0, 1)]):
            with pytest.raises(BackendError):
                backend.maximize(rows, [], (0, 1))


def program_in_many_variables(dim, seed):
    """A box cut by random rows, with an equation: feasible and bounded, and its optimum is at most a hundred pivots away."""
    draw = random.Random(seed)  # noqa: S311
    sides = [(6, *(sign * (j == k) for j in range(dim))) for k in range(dim) for sign in (1, -1)]
    cuts = [(draw.randint(1, 50), *(draw.randint(-9, 9) for _ in range(dim))) for _ in range(dim)]
    return [*sides, *cuts], [(0, *(draw.randint(-9, 9) for _ in range(dim)))], (1, *(draw.randint(-9, 9) for _ in range(dim)))


@pytest.mark.parametrize("dim", [3, 12])
def test_the_guess_saves_pivots_and_changes_no_answer(dim):
    rows, equations, objective = program_in_many_variables(dim, dim)
    solution = guessed.maximize(rows, equations, objective)
    assert solution == cddlib.maximize(rows, equations, objective)
    assert ordered_field.maximize(rows, equations, objective) == solution


def test_a_wrong_guess_is_mended(monkeypatch):
    """Any start of the criss-cross method ends at the optimum, and a basis that is not optimal is no answer of ``guessed``."""
    rows, equations, objective = program_in_many_variables(4, 1)
    wrong = Basis((0, 1, 2, 3), frozenset(), (0, 2, 4, len(rows)))  # the corner (-6, -6, -6, ..)
    for module in (guessed, ordered_field):
        monkeypatch.setattr(module, "final_basis", lambda *_: wrong)
    assert guessed.maximize(rows, equations, objective) is None
    assert ordered_field.maximize(rows, equations, objective).value == cddlib.maximize(rows, equations, objective).value


def test_numbers_that_are_not_rational_are_not_guessed():
    assert guessed.maximize([(1, -ROOT)], [], (0, 1)) is None


WITHOUT_CDDLIB = """
import sys
sys.modules.update(dict.fromkeys(("cdd", "sympy")))
from exactzones import Network, Polyhedron, check, certify, feature, find_zones
from exactzones.polyhedra.backends import BACKENDS
assert [backend.__name__.split(".")[-1] for backend in BACKENDS] == ["ordered_field"]
net = Network.mlp([([[1, 2], [-1, 1], [3, -1]], [0, 1, "1/3"]), ([[1, 1, -2]], [-1])])
box = Polyhedron.box(-3, 3, dim=2)
zones = find_zones(net, feature(0), box)
print([(zone.vrep.vertices, zone.volume, zone.maximum.value) for zone in zones], [list(i) for i in zones.islands])
print(check(net, feature(0, threshold=99), box, certify(net, feature(0, threshold=99), box).certificate))
try:
    zones[0].as_sympy()
except Exception as error:
    print(error)
"""


def test_everything_works_without_cddlib_and_sympy(tmp_path):
    bare = run_python(WITHOUT_CDDLIB, tmp_path).splitlines()
    with_cddlib = "\n".join(line for line in WITHOUT_CDDLIB.splitlines() if "sys.modules" not in line and "BACKENDS" not in line)
    assert bare[:2] == run_python(with_cddlib, tmp_path).splitlines()[:2]
    assert bare[1:] == ["valid", "as_sympy needs sympy, which is not installed: pip install exactzones[sympy]"]


def run_python(code, folder):
    finished = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
