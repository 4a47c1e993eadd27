"""cddlib's dual simplex method wrote outside its arrays on coefficients of many sizes: the process died, or worse, did not.

The systems run in a process of their own, so that a failure is one failed test and not the end of the test run.
"""

import subprocess
import sys

SCRIPT = """
import random
from exactzones.polyhedra import HRep, Polyhedron
from exactzones.polyhedra.backends import cddlib

# From the closed cells of a 3-input network with weights such as 0.1 as float32: "munmap_chunk(): invalid pointer".
rows = [
    (-940848402016239, 1408951099286648, 485689970399120, -768719854532999, 0),
    (-217364947, 569739344, 135294256, -254102067, 0),
    (-7212085, 11801745, 6136948, -8360120, 0),
    (13421773, 192083504, -61088080, 13421773, 0),
    (2977594250663047, -3141367505845424, -3566027978150640, 4019940671446087, 0),
    (2687930310080679102260429, -3911751829499628094390448, -1644054589099498556811472, 2408760908055099857588589, -1),
    (1, 0, 0, 0, -1),
]
assert cddlib.maximize(rows, [], (0, 0, 0, 0, 1)).value == 1

# matrix_canonicalize died too, about once in ten thousand systems like these.
numbers = random.Random(2)
sizes = [1, 2, 24, 53, 150, 400]
for _ in range(150):
    dim = numbers.randint(1, 4)
    draw = lambda: numbers.choice([-1, 0, 1]) * (numbers.getrandbits(numbers.choice(sizes)) + 1)
    system = [(abs(draw()), *(draw() for _ in range(dim))) for _ in range(numbers.randint(1, 8))]
    polyhedron = Polyhedron.of(dim, system)
    smallest = polyhedron.irredundant
    assert set(smallest.rows) <= set(polyhedron.hrep.rows) or smallest.equations
    assert Polyhedron(smallest).vrep == polyhedron.vrep
print("alive")
"""


def test_linear_programs_with_long_coefficients_leave_the_process_alive():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)  # noqa: S603
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr
