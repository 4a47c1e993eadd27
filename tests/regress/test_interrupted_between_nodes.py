"""Ctrl-C at the worst moments: a region left the tree of a certificate, and its node or its children were not there yet."""

from __future__ import annotations

import pytest

from exactzones import Network, Polyhedron, feature
from exactzones.certification import Undecided, certify
from exactzones.certification.decide import case_of
from exactzones.checker import check
from exactzones.checker.tree import Tree

NET = Network.mlp([([[1], [-1]], [0, 0]), ([[-1, -1]], ["1/2"]), ([[1]], [-1])])  # ReLU(1/2 - |x|) - 1
DOMAIN = Polyhedron.box(-1, 1, dim=1)


def _added_and_interrupted(tree, nodes, *, skip, add=Tree.add):
    add(tree, nodes, skip=skip)
    raise KeyboardInterrupt


def _interrupted_in_between(tree, nodes, *, skip):
    assert skip
    for node in nodes:
        del tree.waiting[node.number]
    raise KeyboardInterrupt


@pytest.mark.parametrize("moment", [_added_and_interrupted, _interrupted_in_between])
def test_what_is_not_written_is_not_proved(monkeypatch, moment):
    """The verdict was "cannot fire", with a certificate without a node; where children were missing, maybe a wrong verdict."""
    monkeypatch.setattr("exactzones.certification.run.Run.guess", lambda *_: None)
    monkeypatch.setattr(Tree, "add", moment)
    found = certify(NET, feature(0), DOMAIN)
    monkeypatch.undo()
    assert isinstance(found, Undecided)
    assert (found.open_leaves, found.reason) == (1, "interrupted")
    assert check(NET, [case_of(NET, feature(0), DOMAIN)], found.certificate.lines).verdict == "incomplete"
    assert not isinstance(certify(NET, feature(0), DOMAIN, resume=found.certificate), Undecided)
