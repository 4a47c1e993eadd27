"""Random certificates, of nodes that mean something more often than not, for random networks with weights of all sizes."""

from dataclasses import dataclass, replace
from fractions import Fraction

from hypothesis import strategies as st

from exactzones.certification import case_of
from exactzones.network import Layer, Network
from exactzones.polyhedra import Polyhedron
from exactzones.rational.float_formats import FloatArithmetic
from exactzones.testing import domains, networks, properties

BITS = (16, 28, 40, 61, 200)


@dataclass(frozen=True)
class Shape:
    """What a node may name."""

    inputs: int
    units: int
    relu: list[int]
    rows: int
    conditions: int

    @classmethod
    def of(cls, network, case):
        prop = case.prop.resolve(network.widths)
        layers = network.layers[: prop.horizon]
        relu, at = [], network.inputs
        for layer in layers:
            relu += [at + j for j in layer.relu_units]
            at += layer.outputs
        return cls(network.inputs, at, relu, len(case.rows), len(prop.conditions))


def scaled(network, factors):
    """The network with the weights of each layer times a factor, the biases times all factors so far."""
    layers, so_far = [], Fraction(1)
    for layer, factor in zip(network.layers, factors, strict=False):
        so_far *= factor
        rows = [[factor * entry for entry in row] for row in layer.weight.rows]
        layers.append(Layer.of(rows, [so_far * entry for entry in layer.bias], relu=layer.relu))
    return Network((*layers, *network.layers[len(layers) :]))


@st.composite
def claims(draw, *, most=2):
    """A network, whose weights may be huge or tiny, and one or more cases."""
    network = draw(networks(inputs=(1, 2), outputs=(1, 2), max_width=3, min_hidden=0))
    sizes = draw(st.just([]) | st.lists(st.sampled_from([-150, -50, -20, 0, 10, 25, 40, 60, 150]), min_size=1, max_size=3))
    network = scaled(network, [Fraction(2) ** size * draw(st.sampled_from([1, 1, 3])) for size in sizes])
    cases = [
        case_of(network, draw(properties(network)), draw(domains(network.inputs))) for _ in range(draw(st.integers(1, most)))
    ]
    return network, cases


ARITHMETICS = ("float32", "float64", "float16", "bfloat16", "bfloat16+float32", "float16+float32")


def normal(number, format_):
    """The number of a format next to a number; zero in place of a subnormal one."""
    return format_.round(number, flush=True)


def in_floats(network, format_):
    """The network with its weights rounded to a format."""
    layers = []
    for layer in network.layers:
        rows = [[normal(entry, format_) for entry in row] for row in layer.weight.rows]
        layers.append(Layer.of(rows, [normal(entry, format_) for entry in layer.bias], relu=layer.relu))
    return Network(tuple(layers))


def composed(network, kept):
    """The network in which every layer that is not kept, and has no ReLU, is part of the layer after it."""
    layers = [network.layers[0]]
    for layer, keep in zip(network.layers[1:], kept, strict=False):
        before = layers[-1]
        if keep or before.relu_units:
            layers.append(layer)
            continue
        both = layer.affine.after(before.affine)
        layers[-1] = Layer(both.matrix, both.offset, layer.relu, layer.as_computed.after(before.as_computed))
    return Network(tuple(layers))


@st.composite
def float_claims(draw, *, most=2):
    """A network in an arithmetic of floats, its first layer perhaps two operations in a row, and one or more cases on boxes."""
    name = draw(st.sampled_from(ARITHMETICS))
    network = draw(networks(inputs=(1, 2), outputs=(1, 2), max_width=3, min_hidden=0))
    network = scaled(network, [Fraction(2) ** size for size in draw(st.lists(st.sampled_from([-8, -1, 0, 1, 4]), max_size=3))])
    network = in_floats(network, FloatArithmetic.of(name).products)
    network = composed(network, draw(st.lists(st.booleans(), min_size=4, max_size=4)))
    box = st.tuples(*[st.tuples(st.fractions(-3, 3), st.fractions(0, 2))] * network.inputs)
    cases = []
    for _ in range(draw(st.integers(1, most))):
        sides = [(low, low + width) for low, width in draw(box)]
        domain = Polyhedron.box([low for low, _ in sides], [high for _, high in sides])
        cases.append(replace(case_of(network, draw(properties(network)), domain), arithmetic=name))
    return network, cases


def multiplier(random):
    chosen = random.randrange(8)
    if chosen < 5:
        return int(2 ** random.uniform(20, 40))
    if chosen == 5:
        return random.choice([0, 1, 1 << 32, 1 << 32, 1 << 64, 10**30])
    return str(Fraction(random.randrange(40), random.randrange(1, 12)))


def hint(random, shape, depth, *, wild=0.02):
    """A hint that names rows, known bounds and slopes; now and then one that does not exist."""
    rows, known, slopes = shape.rows + depth, [], []
    found = []
    for _ in range(random.randrange(4)):
        if rows or random.random() < wild:
            row = rows + random.randrange(2) if random.random() < wild else random.randrange(max(rows, 1))
            found += [row, multiplier(random)]
    if random.random() < 0.5 and shape.units > shape.inputs:
        low = shape.inputs - (random.random() < wild)
        for _ in range(random.randrange(4)):
            known += [2 * random.randrange(low, shape.units) + random.randrange(2), multiplier(random)]
        for _ in range(random.randrange(4)):
            slopes += [random.randrange(low, shape.units), random.choice([0, 1, 100, 128, 255, 256])]
        found += [known, slopes]
    return found


def bounds(random, shape, depth):
    """Bounds of units in order: of most units, or of few."""
    share = random.choice([0.1, 0.5, 0.9])
    codes = [4 * u + 2 * (random.random() < 0.3) + side for u in range(shape.units) for side in (0, 1)]
    chosen = [code for code in codes if random.random() < share]
    return [[code, *hint(random, shape, depth)] for code in chosen]


def tail(random, shape, depth, bits, zones=0):
    kind = random.choice(["relu", "relu", "cut", "no", "no", "no", *(["zone"] if zones else [])])
    if kind == "relu" and shape.relu:
        return ["relu", random.choice(shape.relu) if random.random() < 0.97 else random.randrange(shape.units + 1)]
    if kind == "zone":
        return ["zone", random.randrange(zones), bounds(random, shape, depth)[:2]]
    if kind == "cut":
        where = int(random.uniform(-3, 3) * 2**20) << bits >> 20
        return ["cut", random.randrange(shape.inputs), where]
    mu = []
    for _ in range(random.randrange(3)):
        mu += [random.randrange(shape.conditions), random.choice([0, 1, 1, 2, 1 << 20, 1 << 70])]
    return ["no", random.randrange(2), mu, hint(random, shape, depth)]
