"""Rewriting a network without changing its function changes no zone."""

import itertools
import math
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume, event, given
from hypothesis import strategies as st
from oracle import brute_force
from zones.support import any_property, by_pattern, engines, layer, same_sets, small_networks

from exactzones.affine import AffineMap
from exactzones.network import Network
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS, feature
from exactzones.rational import Matrix
from exactzones.testing import boxes, domains, features, networks, rationals
from exactzones.zones import find_zones

NEAR_ONE = frozenset({Fraction(1), Fraction(3), Fraction(1, 7)})


def reordered(pattern, before, after):
    """The pattern of a layer whose units were put in another order: sign ``after[k]`` of the old is sign ``k`` of the new."""
    signs = dict(zip(before, pattern, strict=True))
    return "".join(signs[unit] for unit in after if unit in signs)


@given(st.data(), small_networks(), engines)
def test_permuting_neurons_permutes_signs(data, net, engine):
    prop = data.draw(features(net, hidden=False))
    domain = data.draw(domains(net.inputs))
    hidden = [data.draw(st.permutations(range(one.outputs))) for one in net.layers[:-1]]
    orders = [*hidden, range(net.widths[-1])]
    layers = []
    incoming = list(range(net.inputs))
    for one, order in zip(net.layers, orders, strict=True):
        rows = [[one.weight[unit, k] for k in incoming] for unit in order]
        layers.append(layer(rows, [one.bias[unit] for unit in order], [one.relu[unit] for unit in order]))
        incoming = order
    expected = {}
    for pattern, cell in by_pattern(find_zones(net, prop, domain, engine=engine)).items():
        signs = iter(pattern)
        moved = tuple(
            reordered(next(signs), one.relu_units, order)
            for one, order in zip(net.layers[: prop.resolve(net.widths).horizon], orders, strict=False)
            if one.relu_units
        )
        expected[moved] = cell
    same_sets(by_pattern(find_zones(Network(tuple(layers)), prop, domain, engine=engine)), expected)


@given(st.data(), small_networks(), engines)
def test_scaling_a_neuron_and_its_outgoing_weights_changes_nothing(data, net, engine):
    """Not even the order of zones, unless factors are so large that the errors of floats decide between equal neurons."""
    prop = data.draw(features(net, hidden=False))
    domain = data.draw(domains(net.inputs))
    factor = st.sampled_from([*sorted(NEAR_ONE), Fraction(2**60), Fraction(1, 3**40)])
    scales = [[data.draw(factor) for _ in range(width)] for width in net.widths[:-1]] + [[Fraction(1)] * net.widths[-1]]
    layers = []
    incoming = [Fraction(1)] * net.inputs
    for one, outgoing in zip(net.layers, scales, strict=True):
        rows = [
            [scale * entry / divisor for entry, divisor in zip(row, incoming, strict=True)]
            for row, scale in zip(one.weight.rows, outgoing, strict=True)
        ]
        layers.append(layer(rows, [scale * b for scale, b in zip(outgoing, one.bias, strict=True)], one.relu))
        incoming = outgoing
    ours = find_zones(net, prop, domain, engine=engine)
    theirs = find_zones(Network(tuple(layers)), prop, domain, engine=engine)
    same = {zone.pattern: zone for zone in theirs}
    if set(itertools.chain(*scales)) <= NEAR_ONE:
        assert [zone.pattern for zone in ours] == [zone.pattern for zone in theirs]
    assert len(ours) == len(theirs)
    assert [zone.vrep for zone in ours] == [same[zone.pattern].vrep for zone in ours]
    assert [zone.conditions for zone in ours] == [same[zone.pattern].conditions for zone in ours]
    assert [zone.maximum.value for zone in ours] == [same[zone.pattern].maximum.value for zone in ours]
    assert ours.volume == theirs.volume
    for groups in (lambda zones: zones.islands, lambda zones: zones.graph.edges):
        ours_in, theirs_in = ({frozenset(z[k].pattern for k in group) for group in groups(z)} for z in (ours, theirs))
        assert ours_in == theirs_in


@st.composite
def changes_of_coordinates(draw, dim):
    """Invertible rational maps x = A y + t, A = lower times upper triangular, and |det A|."""
    size = range(dim)
    entry = rationals(bound=2)
    diagonal = entry.filter(bool)
    lower = [[1 if k == j else draw(entry) if j < k else 0 for j in size] for k in size]
    upper = [[draw(diagonal) if k == j else draw(entry) if j > k else 0 for j in size] for k in size]
    change = AffineMap(Matrix.of(lower) @ Matrix.of(upper), tuple(draw(entry) for _ in size))
    return change, abs(math.prod(upper[k][k] for k in size))


@given(st.data(), small_networks(), engines)
def test_a_change_of_input_coordinates_carries_the_zones_along(data, net, engine):
    change, stretch = data.draw(changes_of_coordinates(net.inputs))
    prop = data.draw(any_property(net))
    domain = data.draw(domains(net.inputs))
    ours = find_zones(net, prop, domain, engine=engine)
    theirs = find_zones(net.compose(change), prop, domain and domain.preimage(change), engine=engine)
    same_sets(by_pattern(theirs), {pattern: cell.preimage(change) for pattern, cell in by_pattern(ours).items()})
    assert len(ours.islands) == len(theirs.islands)
    assert ours.graph.number_of_edges() == theirs.graph.number_of_edges()
    biggest = [None if zones.maximum is None else zones.maximum.value for zones in (ours, theirs)]
    assert biggest[0] == biggest[1]
    if ours.volume is not None:
        assert theirs.volume * stretch == ours.volume
        assert theirs.share == ours.share


@given(st.data(), small_networks(max_width=3), engines)
def test_a_linear_layer_in_between_changes_no_zone(data, net, engine):
    """W_(k+1) = (W_(k+1) A^-1) A: an invertible layer without ReLU after every layer, one more space to stop at."""
    layers = []
    change = None
    for one in net.layers:
        affine = one.affine if change is None else one.affine.after(_inverse(change))
        layers.append(layer(affine.matrix, affine.offset, one.relu))
        change, _ = data.draw(changes_of_coordinates(one.outputs))
        layers.append(layer(change.matrix, change.offset, [False] * one.outputs))
    layers.pop()
    prop, domain = data.draw(features(net, hidden=False)), data.draw(domains(net.inputs))
    longer = Network(tuple(layers))
    event(f"latent spaces: {len(longer.latents)}")
    same_sets(
        by_pattern(find_zones(longer, prop, domain, engine=engine)), by_pattern(find_zones(net, prop, domain, engine=engine))
    )


def _inverse(change):
    """Solve A y + t = x for y, column by column, by elimination over the rationals."""
    size = change.inputs
    rows = [list(row) + [Fraction(int(k == j)) for j in range(size)] for k, row in enumerate(change.matrix.rows)]
    for column in range(size):
        pivot = next(k for k in range(column, size) if rows[k][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [entry / rows[column][column] for entry in rows[column]]
        for k in range(size):
            if k != column:
                rows[k] = [a - rows[k][column] * b for a, b in zip(rows[k], rows[column], strict=True)]
    inverse = Matrix.of([row[size:] for row in rows])
    return AffineMap(inverse, tuple(-entry for entry in inverse @ change.offset))


def fused(net):
    """Collapse each down-projection and the next up-projection into one layer, W = U D, by hand."""
    layers = []
    pending = None
    for one in net.layers:
        affine = one.affine if pending is None else one.affine.after(pending)
        if one.relu_units:
            layers.append(layer(affine.matrix, affine.offset, one.relu))
            pending = None
        else:
            pending = affine
    if pending is not None:
        layers.append(layer(pending.matrix, pending.offset, [False] * pending.outputs))
    return Network(tuple(layers))


bottlenecks = small_networks("bottleneck", inputs=(1, 3), max_hidden=3, max_width=3)


@given(st.data(), bottlenecks, engines)
def test_blocks_give_the_zones_of_the_fused_network(data, net, engine):
    prop, domain = data.draw(features(net, hidden=False)), data.draw(domains(net.inputs))
    event(f"latent spaces: {len(net.latents)}")
    same_sets(
        by_pattern(find_zones(net, prop, domain, engine=engine)),
        by_pattern(find_zones(fused(net), prop, domain, engine=engine)),
    )


@given(st.data(), small_networks("bottleneck", inputs=(1, 2), max_hidden=2, max_width=3, most=6), engines)
def test_zones_of_a_latent_space_are_those_of_the_tail(data, net, engine):
    prop = data.draw(features(net, hidden=False))
    zones = find_zones(net, prop, data.draw(domains(net.inputs)), engine=engine)
    for latent in net.latents:
        tail = net.tail(latent.layer)
        found = zones.zones_in(latent.name)
        same_sets(by_pattern(found), brute_force(tail, feature(prop.conditions[0].terms[0][0], -prop.conditions[0].constant)))
    # A point fires iff its image in the latent space does.
    for zone in zones:
        values = net.trace(zone.sample)
        for latent in net.latents[1:]:
            image = net.layers[latent.layer - 1].activate(values[latent.layer - 1])
            assert zones.zones_in(latent.name).fires(image)


@st.composite
def squeezing(draw):
    """Blocks whose maps squeeze whole cells into the hyperplanes of the next block's neurons, twice in a row."""
    dim = draw(st.integers(1, 2))
    small = st.sampled_from([-1, 0, 1])

    def rows(height, width):
        return [[draw(small) for _ in range(width)] for _ in range(height)]

    layers = []
    width = dim
    for _ in range(draw(st.integers(1, 2))):
        count = draw(st.integers(1, 3))
        layers.append((rows(count, width), rows(1, count)[0], True))
        direction, values = rows(1, 2)[0], rows(1, count)[0]
        offset = draw(st.sampled_from([0, 1]))
        layers.append(([[d * v for v in values] for d in direction], [offset * d for d in direction], False))  # rank one at most
        width = 2
    # rows across the direction are zero on all of the image
    across = [-direction[1], direction[0]]
    last = [across, [-entry for entry in across], *rows(draw(st.integers(0, 1)), 2)]
    layers += [(last, [0] * len(last), True), (rows(1, len(last)), rows(1, 1)[0], False)]
    return Network.of(*layers)


@given(st.data(), squeezing().filter(lambda net: sum(len(one.relu_units) for one in net.layers) <= 8), engines)
def test_cells_squeezed_into_a_neurons_hyperplane(data, net, engine):
    prop = data.draw(any_property(net))
    domain = data.draw(domains(net.inputs))
    found = by_pattern(find_zones(net, prop, domain, engine=engine))
    same_sets(found, brute_force(net, prop, domain))
    if data.draw(st.booleans()):
        everywhere = find_zones(net, ALWAYS, domain, engine=engine)
        flat = [zone for zone in everywhere if any(not any(row[1:]) for _, _, row in zone.neuron_rows)]
        event(f"squeezed: {bool(flat)}")


@given(st.data(), networks(inputs=(2, 4), max_width=3), engines)
def test_a_slice_has_the_zones_that_the_slice_meets(data, net, engine):
    """On a line through two points the zones are the traces of zones, and fire where those do."""
    one = [data.draw(rationals()) for _ in range(net.inputs)]
    other = [data.draw(rationals()) for _ in range(net.inputs)]
    assume(one != other)
    line = AffineMap.through(one, other)
    prop = data.draw(features(net))
    whole, sliced = find_zones(net, prop, engine=engine), find_zones(net.compose(line), prop, engine=engine)
    for zone in sliced:
        image = line(zone.sample)
        assert whole.fires(image)
        assert any(Polyhedron(zone.hrep).is_subset(Polyhedron(other.hrep).preimage(line)) for other in whole)
    for t in (Fraction(-5, 3), Fraction(0), Fraction(1, 2), Fraction(1), Fraction(7)):
        assert sliced.fires([t]) == whole.fires(line((t,)))


@given(st.data(), small_networks(inputs=(1, 2)), engines)
def test_a_smaller_domain_cuts_the_zones_and_adds_none(data, net, engine):
    prop = data.draw(features(net))
    box = data.draw(boxes(net.inputs))
    everywhere = by_pattern(find_zones(net, prop, engine=engine))
    inside = by_pattern(find_zones(net, prop, box, engine=engine))
    assert set(inside) <= set(everywhere)
    for pattern, cell in inside.items():
        assert cell == everywhere[pattern].intersect(box)
    halves = [
        find_zones(net, prop, box.intersect(Polyhedron.of(net.inputs, [(0, sign, *[0] * (net.inputs - 1))])), engine=engine)
        for sign in (1, -1)
        if not box.intersect(Polyhedron.of(net.inputs, strict=[(0, sign, *[0] * (net.inputs - 1))])).is_empty
    ]
    assert sum(half.volume for half in halves) == find_zones(net, prop, box, engine=engine).volume


def test_every_pair_of_layers_is_fused():
    net = Network.of(([[1], [2]], [0, 1], True), ([[1, 1]], [3], False), ([[5]], [7], True))
    short = fused(net)
    assert [(one.inputs, one.outputs) for one in short.layers] == [(1, 2), (2, 1)]
    assert all(a.outputs == b.inputs for a, b in pairwise(short.layers))
    assert short([2]) == net([2]) == (5 * (2 + 5 + 3) + 7,)
