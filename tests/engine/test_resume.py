"""A search that goes on after any of its leaves finds the others, in the same order."""

from hypothesis import given, settings
from hypothesis import strategies as st

from exactzones.engine.forward import zone_search
from exactzones.engine.resume import frontiers_after
from exactzones.engine.search import resolve
from exactzones.engine.starting_cones import NotPointedError
from exactzones.testing import domains, features, networks


def leaves_of(search, starts):
    return [
        (leaves.prefix[k].tobytes(), leaves.tight[leaves.ptr[k] : leaves.ptr[k + 1]].tobytes())
        for leaves in search.batches(starts, lambda _cells: None)
        for k in range(len(leaves))
    ]


@settings(max_examples=60, deadline=None)
@given(st.data(), networks(inputs=(1, 3), max_width=4))
def test_what_comes_after_a_leaf(data, net):
    domain = data.draw(domains(net.inputs))
    prop = resolve(net, data.draw(features(net)))
    search = zone_search(net, prop, () if domain is None else domain.facet_rows())
    if search is None:
        return
    try:
        start = search.arrangement.start()
    except NotPointedError:
        return
    everything = [(leaves.prefix[k], k) for leaves in search.batches([start], lambda _cells: None) for k in range(len(leaves))]
    found = leaves_of(search, [start])
    for k, (leaf, _) in enumerate(everything):
        assert leaves_of(search, frontiers_after(search.arrangement, start, leaf)) == found[k + 1 :]
