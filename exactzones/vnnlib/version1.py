"""VNN-LIB 1.0: declarations of the inputs ``X_i`` and the outputs ``Y_j``, and assertions."""

from __future__ import annotations

import re
from collections.abc import Iterable

from exactzones.errors import FormatError
from exactzones.vnnlib.conditions import Conditions
from exactzones.vnnlib.formula import Formula, Part, Variable
from exactzones.vnnlib.syntax import Expression

_VARIABLE = re.compile(r"([XY])_(0|[1-9][0-9]{0,8})", re.ASCII)
_PASSED_OVER = ("set-logic", "set-info", "set-option", "check-sat", "get-model", "get-value", "get-info", "echo", "exit")


class Assertions:
    """The declarations and assertions of a file.

    Attributes:
        formula: the conjunction of all assertions.
    """

    def __init__(self, commands: Iterable[Expression]) -> None:
        """Read the commands of a file.

        Raises:
            FormatError: they are not VNN-LIB, a condition is not linear, or a limit is exceeded; the message names the line.
        """
        self._declared: dict[str, set[int]] = {"X": set(), "Y": set()}
        conditions = Conditions(self)
        asserted: list[Part] = []
        ended = ""
        for command in commands:
            head, arguments = command.head("a command")
            if head in {"check-sat", "exit"}:
                ended = head
            elif head in _PASSED_OVER:
                continue
            elif ended:
                raise FormatError(
                    f"line {command.line}: {head} comes after {ended}; all declarations and assertions go before it"
                )
            elif head in {"declare-const", "declare-fun"}:
                self._declare(head, arguments, command.line)
            elif head == "assert":
                if len(arguments) != 1:
                    raise FormatError(f"line {command.line}: assert has {len(arguments)} arguments; 1 is expected")
                asserted.append(conditions.part(arguments[0], command.line))
            else:
                raise FormatError(f"line {command.line}: command {head!r} is not supported; declare-const or assert is expected")
        self.formula = Formula.all_of(asserted)
        conditions.limit(self.formula, "the assertions together have")
        self._check_numbers()

    def _check_numbers(self) -> None:
        for kind, numbers in self._declared.items():
            if not numbers:
                raise FormatError(f"{kind}_0 is not declared; write (declare-const {kind}_0 Real)")
            missing = next((k for k in range(len(numbers)) if k not in numbers), None)
            if missing is not None:
                raise FormatError(f"{kind}_{missing} is not declared, but {kind}_{max(numbers)} is; declare all numbers from 0")

    @property
    def inputs(self) -> int:
        """Number of declared inputs ``X_i``."""
        return len(self._declared["X"])

    @property
    def outputs(self) -> int:
        """Number of declared outputs ``Y_j``."""
        return len(self._declared["Y"])

    def variable(self, token: str, line: int) -> Variable:
        """Return the input ``X_i`` or the output ``Y_j`` of this name; see ``Declarations``."""
        match = _VARIABLE.fullmatch(token)
        if match is None:
            raise FormatError(f"line {line}: {token!r} is not a number or a variable; a name such as X_0 or Y_0 is expected")
        kind, index = match[1], int(match[2])
        if index not in self._declared[kind]:
            raise FormatError(f"line {line}: {token} is not declared; write (declare-const {token} Real) before this line")
        return kind, index

    def _declare(self, head: str, arguments: list[Expression | str], line: int) -> None:
        if head == "declare-fun" and len(arguments) == 3 and isinstance(arguments[1], Expression) and not arguments[1].items:
            del arguments[1]
        name = arguments[0] if arguments else ""
        match = _VARIABLE.fullmatch(name) if isinstance(name, str) else None
        if match is None or arguments[1:] != ["Real"]:
            raise FormatError(
                f"line {line}: the declaration is not of the expected form; write (declare-const X_0 Real) for an input, "
                "(declare-const Y_0 Real) for an output"
            )
        if int(match[2]) in self._declared[match[1]]:
            raise FormatError(f"line {line}: {name} is declared twice; remove one declaration")
        self._declared[match[1]].add(int(match[2]))
