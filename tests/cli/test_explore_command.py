"""``exactzones explore``."""

import json

from cli.support import PLANE, saved


def test_an_island_is_printed_nearest_first(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    outcome = run("explore", net, "--at", "1/2,-3/4", "--feature", "0", "--norm", "inf")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines()[:7] == [
        "  zones    6: the island is complete",
        "  nearest  +-- at distance 0, 3 facets",
        "           +-+ at distance 5/8, 2 facets",
        "           +++ at distance 3/4, 3 facets",
        "           ++- at distance 3/4, 3 facets",
        "           -+- at distance 3/4, 3 facets",
        "           .. and 1 more, up to distance 7/4",
    ]
    for options, says in [
        (("--everywhere",), "6: all zones"),
        (("--radius", "1"), "5: all zones of the island within the radius"),
        (("--radius", "1", "--everywhere"), "5: all zones within the radius"),
        (("--threshold", "9", "--radius", "1"), "none: it fires nowhere within the radius"),
        (("--threshold", "9", "--domain=-1:1"), "none: it fires nowhere on the domain"),
    ]:
        found = run("explore", net, "--at", "1/2,-3/4", "--feature", "0", "--norm", "inf", *options)
        assert (found.code, found.out.splitlines()[0].split(maxsplit=1)) == (0, ["zones", says])


def test_json_has_distances_and_says_what_is_missing(run, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    outcome = run("explore", net, "--at", "1/2,-3/4", "--max-zones", 2, "--json", "-")
    document = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (3, "incomplete: the budget of 2 zones ran out after 3 cells\n")
    assert (document["norm"], document["complete"], document["farther"]) == (2, False, False)
    assert document["adjacency"] == [[0, 1]]
    below, left = document["zones"]
    assert (below["pattern"], below["distance_squared"], below["nearest"]) == (["+--"], "0", ["1/2", "-3/4"])
    assert (left["pattern"], left["distance_squared"], left["nearest"]) == (["---"], "1/4", ["0", "-3/4"])


def test_bad_options_are_refused(refused, tmp_path):
    net = saved(PLANE, tmp_path / "net.json")
    refused("explore", net, "--at", "0,0", "--radius", "-1", says=["the radius is '-1'"])
    refused("explore", net, "--at", "0,0", "--feature", "0", "--domain", "1:2", says=["outside the domain"])
    refused("explore", net, "--at", "0,0", "--threshold", "1", says=["Missing option '--feature'"])
