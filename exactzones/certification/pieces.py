"""The pieces into which a proof by several workers is divided; a certificate that is not finished says which they are.

``Run.pieces`` has an entry for each piece that was proved, in the order of its nodes.  The first is ``[line, count]``: the
number of the node's line with which the whole claim begins, and how many nodes were added before it was divided.  Each other
one is ``[parent, part, count]``: the entry of the piece of which it is a part, which part, and how many nodes were added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain

from exactzones.certification.run import Run
from exactzones.checker.node_lines import read_node, renumbered
from exactzones.errors import InputError

_FIRST_NODES = 512  # that are visited of the whole claim before it is divided, if ..
_FIRST_WORK = 1 << 25  # numbers in their bounds are not more; of a large network fewer nodes are visited
_MOST_PARTS = 8  # of what is left of a piece; each part may visit as many times the nodes of the first piece
_REGION_SHARE = 1 / 10  # of the nodes of the first piece: regions of a part, at least, since a search handles many at once


@dataclass(eq=False)
class Piece:
    """Open regions that are proved together.  What a piece consists of depends on the claim only, never on time or workers.

    Attributes:
        regions: their numbers, ascending.
        most: how many nodes are visited before the rest is divided.
        place: its entry in ``Run.pieces`` without the last number.
        lines: where its nodes are among those of the run; None until it is proved.
        parts: the pieces into which the rest was divided.
    """

    regions: Sequence[int]
    most: int
    place: tuple[int, ...]
    lines: range | None = None
    parts: list[Piece] = field(default_factory=list)


def pieces_of(run: Run) -> tuple[Piece, list[Piece]]:
    """Return the piece that is the whole claim, and those that are left to prove, the first one last.

    They are those of an earlier run, if workers took part in it.  If it did something else after that, before all pieces were
    proved, then what is open now is divided anew.

    Raises:
        InputError: the pieces of the earlier run do not fit its nodes.
    """
    if run.pieces:
        try:
            whole, left, end = _restored(run)
        except (LookupError, TypeError, ValueError):
            raise InputError("the certificate to resume is invalid: its pieces do not fit its nodes") from None
        if end == len(run.nodes) or not left:
            return whole, left
        run.pieces, run.splits = [], []
    whole = Piece(sorted(run.tree.waiting), _first_nodes(run), (len(run.nodes),))
    return whole, [whole]


def _restored(run: Run) -> tuple[Piece, list[Piece], int]:
    """Return the whole of an earlier run, the pieces that are left, and the number of the node after those of its pieces."""
    entries, run.pieces = run.pieces, []
    if min(map(min, entries)) < 0:
        raise ValueError("negative")
    first = entries[0][0]
    nodes = [(node.number, node.splits) for node in map(read_node, run.nodes[first:])]
    run.splits = [splits for _, splits in nodes]
    made = run.tree.made - 2 * sum(run.splits)
    begun = {*run.tree.waiting, *(number for number, _ in nodes)}
    whole = Piece(sorted(number for number in begun if number < made), _first_nodes(run), (first,))
    done: list[Piece] = []
    at = 0
    for *place, count in entries:
        piece = done[place[0]].parts[place[1]] if done else whole
        if piece.lines is not None:
            raise ValueError("twice")
        own = nodes[at : at + count]
        splits = sum(splits for _, splits in own)
        closed = {number for number, _ in own}
        numbers = chain(piece.regions, range(made, made + 2 * splits))
        divide(run, piece, range(first + at, first + at + count), [number for number in numbers if number not in closed])
        done.append(piece)
        made, at = made + 2 * splits, at + count
    left = [part for piece in reversed(done) for part in reversed(piece.parts) if part.lines is None]
    is_last = at == len(nodes)
    if at > len(nodes) or (is_last and {number for part in left for number in part.regions} - run.tree.waiting.keys()):
        raise ValueError("not the nodes")
    return whole, left, first + at


def divide(run: Run, piece: Piece, lines: range, left: Sequence[int]) -> list[Piece]:
    """Note which nodes of a run are those of a piece, and divide what is left of it into parts.

    Args:
        run: of the piece.
        piece: that was proved as far as it goes.
        lines: its nodes.
        left: its regions that are open: those that it had at first, then those that its nodes made.

    Returns:
        The parts, the first one last.
    """
    place = len(run.pieces)
    run.pieces.append([*piece.place, len(lines)])
    piece.lines = lines
    if lines:  # else no progress: the regions are left to the provers that come last
        nodes = _first_nodes(run)
        count = min(_MOST_PARTS, int(len(left) / max(1, _REGION_SHARE * nodes)))
        count = max(count, min(2, len(left)))
        piece.parts = [Piece(left[k::count], _MOST_PARTS * nodes, (place, k)) for k in range(count)]
    return piece.parts[::-1]


def _first_nodes(run: Run) -> int:
    """Return how many nodes are visited of the whole claim before it is divided."""
    units: int = max(claim.units for claim in run.tree.claims)
    return max(1, min(_FIRST_NODES, _FIRST_WORK // (units * units)))


def sort(run: Run, whole: Piece) -> None:
    """Sort a run's nodes by pieces, each before its parts, since they were added when they were proved."""
    first, earlier = whole.place[0], len(run.nodes) - len(run.splits)
    split = [line for line in range(first, len(run.nodes)) if run.splits[line - earlier]]
    made = run.tree.made - 2 * len(split)
    children = {line: made + 2 * k for k, line in enumerate(split)}
    order = _order(run, whole)
    numbers = {number: number for number in range(made)}
    nodes = []
    for line in order:
        nodes.append(renumbered(run.nodes[line], numbers))
        if line in children:
            numbers |= {children[line]: made, children[line] + 1: made + 1}
            made += 2
    run.nodes[first:] = nodes
    run.splits[first - earlier :] = [line in children for line in order]
    run.tree.waiting = {numbers[number]: region for number, region in run.tree.waiting.items()}


def _order(run: Run, whole: Piece) -> list[int]:
    """Return the numbers of a run's nodes in the order of pieces, what no piece has at the end; sort the entries of pieces."""
    order: list[int] = []
    run.pieces = []
    stack = [(whole, whole.place)]
    while stack:
        piece, place = stack.pop()
        if piece.lines is not None:
            stack += [(part, (len(run.pieces), k)) for k, part in enumerate(piece.parts)][::-1]
            run.pieces.append([*place, len(piece.lines)])
            order += piece.lines
    return [*order, *range(whole.place[0] + len(order), len(run.nodes))]
