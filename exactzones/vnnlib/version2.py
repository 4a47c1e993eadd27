"""VNN-LIB 2.0: declarations of networks with their tensors, and assertions on the tensors' entries.

The package ``vnnlib`` on PyPI parses the same language.  It is not used: it returns numbers as floats, and here 0.1 is 1/10.

Source: the VNN-LIB standard 2.0, chapter 2 (syntax and typing).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from exactzones.errors import FormatError
from exactzones.vnnlib.conditions import Conditions
from exactzones.vnnlib.declarations import FLOATS, DeclaredNetwork, DeclaredTensor
from exactzones.vnnlib.formula import Formula, Part, Variable
from exactzones.vnnlib.syntax import Expression

_NAME = r"[A-Za-z][A-Za-z0-9_]*"
_ELEMENT = re.compile(rf"({_NAME})(?:\[([0-9]+(?:,[0-9]+)*)\])?", re.ASCII)
_TYPED_SHAPE = re.compile(rf"({_NAME})\[((?:[0-9]{{1,9}}(?:,[0-9]{{1,9}})*)?)\]", re.ASCII)
_VERSION = re.compile(r"<2\.[0-9]+>", re.ASCII)
_REALS = FLOATS | {"real"}
_ROLES = {"declare-input": "input", "declare-hidden": "hidden", "declare-output": "output"}
_MOST_VALUES = 10_000_000
_EXAMPLE = "(declare-network N (declare-input X real [2]) (declare-output Y real [1]))"


class QueryDocument:
    """The networks and assertions of a file.

    Attributes:
        networks: in the order of the file.
        formula: the conjunction of all assertions, on the inputs of all networks and on the ``values`` of all networks.
    """

    def __init__(self, commands: Iterable[Expression]) -> None:
        """Read the commands after ``vnnlib-version``.

        Raises:
            FormatError: they are not VNN-LIB 2.0, a condition is not linear, a type or a limit is not supported; the message
                names the line.
        """
        self.networks: list[DeclaredNetwork] = []
        self._places: dict[str, tuple[str, int, tuple[int, ...]]] = {}  # variable -> kind, first index, shape
        self._counts = {"X": 0, "Y": 0}
        conditions, asserted = Conditions(self), list[Part]()
        for command in commands:
            head, arguments = command.head("a command")
            if head == "declare-network":
                if asserted:
                    raise FormatError(
                        f"line {command.line}: a network is declared after an assertion; declare all networks first"
                    )
                self._declare(arguments, command.line)
            elif head == "assert":
                if len(arguments) != 1:
                    raise FormatError(f"line {command.line}: assert has {len(arguments)} arguments; 1 is expected")
                asserted.append(conditions.part(arguments[0], command.line))
            else:
                raise FormatError(f"line {command.line}: command {head!r} is not known; declare-network or assert is expected")
        if not self.networks:
            raise FormatError(f"no network is declared; write {_EXAMPLE}")
        self.formula = Formula.all_of(asserted)
        conditions.limit(self.formula, "the assertions together have")

    @property
    def inputs(self) -> int:
        """Number of inputs of all networks together."""
        return self._counts["X"]

    @property
    def outputs(self) -> int:
        """Number of outputs and hidden values of all networks together."""
        return self._counts["Y"]

    def variable(self, token: str, line: int) -> Variable:
        """Return the entry of a tensor, such as ``X[0,1]``; see ``Declarations``."""
        match = _ELEMENT.fullmatch(token)
        if match is None:
            raise FormatError(f"line {line}: {token!r} is not a number or a variable; an entry such as X[0] is expected")
        name = match[1]
        if name not in self._places:
            raise FormatError(f"line {line}: {name} is not declared; declare it in a network, as in {_EXAMPLE}")
        kind, index, shape = self._places[name]
        indices = [int(text) for text in match[2].split(",")] if match[2] else []
        if len(indices) != len(shape) or any(k >= length for k, length in zip(indices, shape, strict=False)):
            raise FormatError(f"line {line}: {token} does not fit the shape [{','.join(map(str, shape))}] of {name}")
        offset = 0
        for k, length in zip(indices, shape, strict=True):
            offset = offset * length + k
        return kind, index + offset

    def _declare(self, arguments: list[Expression | str], line: int) -> None:
        name = arguments[0] if arguments else None
        if not isinstance(name, str) or not re.fullmatch(_NAME, name):
            raise FormatError(f"line {line}: the network has no name of letters, digits and _; write {_EXAMPLE}")
        same: dict[str, str] = {}
        tensors: list[DeclaredTensor] = []
        for item in arguments[1:]:
            if isinstance(item, str):
                raise FormatError(f"line {line}: {item!r} is not a declaration; write {_EXAMPLE}")
            head, parts = item.head("a declaration")
            if head in {"equal-to", "isomorphic-to"} and not same and not tensors:
                same[head] = self._other(parts, item.line)
            elif head in _ROLES:
                tensors.append(_tensor(_ROLES[head], parts, item.line))
            else:
                raise FormatError(f"line {item.line}: {head} is not expected here; write {_EXAMPLE}")
        network = DeclaredNetwork(name, tuple(tensors), same.get("equal-to", ""), same.get("isomorphic-to", ""))
        self._check(network, line)
        self.networks.append(network)
        for kind, listed in (("X", network.of_role("input")), ("Y", network.values)):
            for tensor in listed:
                self._places[tensor.name] = kind, self._counts[kind], tensor.shape
                self._counts[kind] += tensor.size
        if self.inputs + self.outputs > _MOST_VALUES:
            raise FormatError(f"line {line}: more than {_MOST_VALUES} inputs and outputs are declared, which is the limit")

    def _other(self, parts: list[Expression | str], line: int) -> str:
        """Return the name of the network that another one is equal to or isomorphic to."""
        named = [network for network in self.networks if parts == [network.name]]
        if not named:
            raise FormatError(
                f"line {line}: a network is equal to or isomorphic to {parts}; the name of one before it is expected"
            )
        if named[0].equal_to or named[0].isomorphic_to:
            raise FormatError(f"line {line}: network {named[0].name} itself refers to another one; refer to that one instead")
        return named[0].name

    def _check(self, network: DeclaredNetwork, line: int) -> None:
        names = [*(each.name for each in self.networks), *self._places, network.name, *(each.name for each in network.tensors)]
        twice = next((name for k, name in enumerate(names) if name in names[:k]), None)
        if twice is not None:
            raise FormatError(f"line {line}: {twice} is declared twice; give each network and each tensor a name of its own")
        if not network.of_role("input") or not network.of_role("output"):
            raise FormatError(f"line {line}: network {network.name} needs at least one input and one output; write {_EXAMPLE}")
        other = next((each for each in self.networks if each.name == network.equal_to + network.isomorphic_to), None)
        for role in ("input", "output"):
            if other is not None and [_form(network, each) for each in network.of_role(role)] != [
                _form(network, each) for each in other.of_role(role)
            ]:
                raise FormatError(
                    f"line {line}: networks {network.name} and {other.name} have different {role}s; equal ones are expected"
                )


def _form(network: DeclaredNetwork, tensor: DeclaredTensor) -> tuple[str, tuple[int, ...]]:
    """Return what equal networks share of a tensor, or isomorphic ones, whose types may differ."""
    return tensor.type if network.equal_to else "", tensor.shape


def _tensor(role: str, parts: list[Expression | str], line: int) -> DeclaredTensor:
    texts = [part for part in parts if isinstance(part, str)]
    match = _TYPED_SHAPE.fullmatch(texts[1]) if len(texts) > 1 else None
    name = texts[0] if texts else ""
    extra = texts[2:]
    if role == "input" and extra == ["initialized"]:
        extra = []
    node = extra.pop()[1:-1] if role == "hidden" and len(extra) == 1 and extra[0].startswith('"') else ""
    if match is None or not re.fullmatch(_NAME, name) or extra or len(texts) < len(parts) or (role == "hidden") != bool(node):
        form = 'declare-hidden H real [3] "node"' if role == "hidden" else f"declare-{role} X real [2]"
        raise FormatError(f"line {line}: the declaration is not of the expected form; write ({form})")
    kind, shape = match[1], tuple(int(length) for length in match[2].split(",") if length)
    if kind.lower() not in _REALS and (role == "input" or not re.fullmatch(r"u?int[0-9]{1,2}|bool", kind)):
        raise FormatError(f"line {line}: {role} {name} has type {kind}, which is not supported; real or a float type is expected")
    if 0 in shape:
        raise FormatError(f"line {line}: {name} has a length of 0; at least 1 is expected")
    return DeclaredTensor(name, kind, shape, role, re.sub(r"\\(.)", r"\1", node))


def is_version_2(first: Expression) -> bool:
    """Tell whether a file begins with the version of VNN-LIB 2.

    Raises:
        FormatError: it begins with another version.
    """
    if not first.items or first.items[0] != "vnnlib-version":
        return False
    if len(first.items) != 2 or not isinstance(first.items[1], str) or not _VERSION.fullmatch(first.items[1]):
        raise FormatError(f"line {first.line}: the version is not supported; (vnnlib-version <2.0>) is expected")
    return True
