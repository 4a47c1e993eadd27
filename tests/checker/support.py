"""What the tests of the checker share: certificates written down by hand, with a header that fits."""

import json

from exactzones.certification import case_of
from exactzones.checker import check
from exactzones.checker.certificate import write_header
from exactzones.checker.node_lines import read_node, write_node
from exactzones.checker.reference_format import read_node as read_plainly
from exactzones.checker.rules import Invalid


def certificate(network, *nodes, bits=40, cases=1, zones=(), witness=None, arithmetic="real"):
    """The lines of a certificate from nodes as lists."""
    head = write_header(network.sha256, bits, cases, "cannot fire", arithmetic=arithmetic, witness=witness, zones=zones)
    return [head, *(json.dumps(node) for node in nodes)]


def in_version_1(lines):
    """The lines of a certificate as those of version 1, as the plain checker understands them."""
    first, *nodes = lines
    version = json.loads(first)["version"]
    return [json.dumps(json.loads(first) | {"version": 1}), *(json.dumps(read_plainly(line, version)) for line in nodes)]


def in_columns(lines):
    """The lines of a certificate as those of version 2, as the fast checker understands and writes them."""
    first, *nodes = lines
    return [json.dumps(json.loads(first) | {"version": 2}), *(write_node(read_node(line)) for line in nodes)]


def report(network, prop, domain, *nodes, **options):
    """What the checker says of nodes about one case."""
    return check(network, [case_of(network, prop, domain)], certificate(network, *nodes, **options))


def accepts(tree, node):
    """Whether the tree takes a node, written as a list; in columns it is the same node."""
    read = read_node(json.dumps(node))
    assert read_node(write_node(read)) == read
    try:
        tree.add([read])
    except Invalid:
        return False
    return True


def low(unit, *hint, exact=False):
    """A lower bound of a unit, as a certificate writes it."""
    return [4 * unit + 2 * exact, *hint]


def high(unit, *hint, exact=False):
    """An upper bound."""
    return [4 * unit + 2 * exact + 1, *hint]


def no(*mu, exact=False, hint=()):
    """The tail of a node on which the conditions cannot hold together: pairs (condition, multiplier), and a hint."""
    return ["no", int(exact), [entry for pair in mu for entry in pair], list(hint)]
