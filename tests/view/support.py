"""What a page carries, read back from its text."""

import base64
import gzip
import json
import re
from fractions import Fraction

from exactzones.network import Network
from exactzones.polyhedra import Polyhedron

SQUARE = Polyhedron.box(-2, 2, dim=2)
DIAMOND = Network.mlp(
    [([[1, 0], [-1, 0], [0, 1], [0, -1]], [0] * 4), ([[1, 1, 1, 1], [-1, -1, -1, -1]], [-1, 1])]
)  # +-(|x| + |y| - 1)
ABS = Network.mlp([([[1], [-1]], [0, 0]), ([[1, 1]], [-1])])  # |x| - 1
STEP = Network.mlp([([[1, 0, 0], [0, 1, 0]], [0, 0]), ([[1, 1]], [0])])  # ReLU(x) + ReLU(y)
FOUR = Network.mlp([([[1, 1, 0, 0], [0, 0, 1, -1]], [0, 0]), ([[1, -1]], [-1])])
DEEP = Network.of(
    ([[1, 0], [-1, 0], [0, 1]], [0, 0, "-1/2"], True),
    ([[1, 1, 0], [0, 0, 1]], [-1, 0], False),
    ([[1, 1], [1, -1]], [0, 0], True),
    ([[1, -1]], ["-1/3"], True),
)
"""A bottleneck of two dimensions: latent1 is (|x| - 1, ReLU(y - 1/2))."""


def carried(page):
    """Return (scene, exact): the data inside a page."""
    parts = []
    for name in ("scene", "exact"):
        (packed,) = re.findall(rf'<script type="application/octet-stream" id="{name}">([^<]*)</script>', page)
        parts.append(json.loads(gzip.decompress(base64.b64decode(packed))))
    return parts


def numbers(rows):
    return [tuple(Fraction(entry) for entry in row) for row in rows]
