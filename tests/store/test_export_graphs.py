"""Graphs of stores that do not fit in memory: as those of lists, but for the order of their edges."""

import networkx
import pytest
from store.stores import random_net

from exactzones import InputError, Network, condition, find_zones
from exactzones.export import graphs
from exactzones.store import ZoneStore, export, store_zones, writing

pytest.importorskip("pyarrow")

TWO_FLIP = Network.mlp(
    [([[1, 0], [0, 1], [2, 0], [1, 1]], [0, 0, 0, -1]), ([[1, -1, 1, 2], [2, -2, 2, 4]], [0, 0]), ([[1, -1]], [1])]
)


def sets_of(path):
    """Return a graph's attributes, and those of its nodes and edges, without their order."""
    graph = {".graphml": networkx.read_graphml, ".gexf": networkx.read_gexf}[path.suffix](path)
    edges = {
        (*sorted(ends), *sorted((name, value) for name, value in attributes.items() if name != "id"))
        for *ends, attributes in graph.edges(data=True)
    }
    numbers = {attributes.get("id") for *_, attributes in graph.edges(data=True)}
    assert len(numbers) == (len(edges) if path.suffix == ".gexf" else min(1, len(edges)))
    return graph.graph, dict(graph.nodes(data=True)), edges


@pytest.mark.parametrize("suffix", [".graphml", ".gexf"])
@pytest.mark.parametrize(
    ("net", "prop", "engine"),
    [
        (random_net(3, 9, 9, 1), 0, "auto"),
        (random_net(2, 6, 4, 1), 0, "inequalities"),
        (TWO_FLIP, 0, "auto"),
        (random_net(2, 4, 1), condition([1], -100), "auto"),  # no zones
        (random_net(2, 4, 1), condition([1], "-100.0001"), "auto"),  # a number that texts round
        (Network.mlp([([[1, 1]], [100]), ([[1]], [0])]), 0, "auto"),  # a single zone
    ],
)
def test_a_graph_is_written_in_pieces(tmp_path, monkeypatch, suffix, net, prop, engine):
    monkeypatch.setattr(writing, "CHUNK_ZONES", 40)
    monkeypatch.setattr(graphs, "_BLOCK", 13)
    store = store_zones(net, prop, (-3, 3), directory=tmp_path / "s", engine=engine)
    find_zones(net, prop, (-3, 3), engine=engine).save(tmp_path / f"list{suffix}")
    monkeypatch.setattr(ZoneStore, "listed", None)  # nothing is held
    export(store, tmp_path / f"store{suffix}", most=-1)
    assert sets_of(tmp_path / f"store{suffix}") == sets_of(tmp_path / f"list{suffix}")


def test_shapes_are_refused(tmp_path):
    store = store_zones(random_net(2, 6, 1), 0, (-3, 3), directory=tmp_path / "s")
    says = rf"\.wkt is made from all zones at once; {len(store)} zones .* limit is 2.* \.graphml, \.gexf.*most={len(store)}"
    with pytest.raises(InputError, match=says):
        export(store, tmp_path / "zones.wkt", most=2)
