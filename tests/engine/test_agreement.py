"""The three engines agree zone by zone, on networks of 1 to 6 inputs, many of them degenerate, and on all kinds of domains.

EXACTZONES_NETWORKS says on how many networks; ``EXACTZONES_NETWORKS=4000 python -m pytest tests/engine/test_agreement.py`` takes
some minutes of CPU time.
"""

import os
from fractions import Fraction

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exactzones.errors import DomainError
from exactzones.polyhedra import Polyhedron
from exactzones.property import ALWAYS
from exactzones.testing import domains, networks, properties
from exactzones.testing.strategies import KINDS
from exactzones.zones import find_zones

NETWORKS = int(os.environ.get("EXACTZONES_NETWORKS", "24"))
ENGINES = ("forward", "inequalities", "backward")


@st.composite
def questions(draw):
    """Draw a network, a property, and a domain: bounded or not, thin, flat, or all of the input space."""
    inputs = draw(st.integers(1, 6))
    widths = {"max_hidden": 2, "max_width": 4} if inputs <= 4 else {"max_hidden": 2, "max_width": 3}
    network = draw(networks(draw(st.sampled_from(KINDS)), inputs=inputs, **widths))
    side = draw(st.sampled_from([Fraction(2), Fraction(1, 10**12), Fraction(0)]))
    thin = st.just(Polyhedron.box([-side / 2, *[-1] * (inputs - 1)], [side / 2, *[1] * (inputs - 1)]))
    return network, draw(st.just(ALWAYS) | properties(network)), draw(st.none() | thin | domains(inputs))


def described(network, prop, domain, engine):
    """Return what an engine finds, by patterns, or that it refuses the domain."""
    try:
        zones = find_zones(network, prop, domain, engine=engine)
    except DomainError as error:
        return str(error)
    return {zone.pattern: (zone.hrep, zone.conditions, zone.maximum.value, zone.fires(zone.sample)) for zone in zones}


@settings(max_examples=NETWORKS, deadline=None, suppress_health_check=list(HealthCheck))
@given(questions())
def test_the_engines_agree(question):
    forward, inequalities, backward = (described(*question, engine) for engine in ENGINES)
    assert forward == inequalities == backward
