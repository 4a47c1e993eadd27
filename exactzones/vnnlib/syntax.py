"""The syntax of VNN-LIB files, which is SMT-LIB's: expressions in parentheses, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from exactzones.errors import FormatError
from exactzones.files import read_unpacked

_MAX_FILE = 2**26
_MAX_DEPTH = 200
_EXAMPLE = "(assert (<= X_0 1))"
_TOKEN = re.compile(
    r"""\r\n?|[()\n]                                # a line break, or a parenthesis
    |;[^\r\n]*                                      # a comment
    |"(?:[^"\\]|\\.)*"|\|[^|]*\|                   # quoted text
    |[^\s();\[\]]+(?:[ \t]*\[[0-9,\ \t-]*\])?|\S   # a symbol, with its indices in VNN-LIB 2.0
    """,
    re.VERBOSE,
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(slots=True)
class Expression:
    """The items between two parentheses, and the line of the first one."""

    line: int
    items: list[Expression | str] = field(default_factory=list)

    def head(self, what: str) -> tuple[str, list[Expression | str]]:
        """Return the operator and its arguments; ``what`` is what an error message says was expected."""
        if not self.items or not isinstance(self.items[0], str):
            raise FormatError(f"line {self.line}: the parentheses do not begin with a name; {what} is expected, as in {_EXAMPLE}")
        return self.items[0], self.items[1:]


def read_text(path: str | Path) -> str:
    """Return the text of a file, which may be gzipped and begin with a byte order mark.

    Comments may be in any encoding: bytes that are not UTF-8 become surrogates, which ``commands`` refuses outside of comments.

    Raises:
        FormatError: the file is too large, cut short, or UTF-16 with an error.
        OSError: the file cannot be read.
    """
    data = read_unpacked(path, _MAX_FILE)
    if data.startswith(_UTF16):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise FormatError(f"byte {error.start} is not valid UTF-16; a VNN-LIB file is expected, which is text") from None
    return data.decode("utf-8-sig", "surrogateescape")


def commands(source: str) -> Iterator[Expression]:
    """Yield the expressions at the outermost level.

    Raises:
        FormatError: parentheses that do not match, or a character outside of comments that is not ASCII.
    """
    stack: list[Expression] = []
    for text, line in _tokens(source):
        if text == "(":
            if len(stack) == _MAX_DEPTH:
                raise FormatError(f"line {line}: parentheses are nested more than {_MAX_DEPTH} deep, which is the limit")
            stack.append(Expression(line))
        elif not stack:
            what = "a closing parenthesis" if text == ")" else repr(text)
            raise FormatError(f"line {line}: {what} is outside of all parentheses; is there a closing one too many before it?")
        elif text != ")":
            stack[-1].items.append(text)
        else:
            closed = stack.pop()
            if not stack:
                yield closed
            else:
                stack[-1].items.append(closed)
    if stack:
        raise FormatError(f"line {stack[0].line}: a parenthesis that opens on this line is never closed; is the file cut short?")


def _tokens(source: str) -> Iterator[tuple[str, int]]:
    """Yield parentheses and symbols, each with its line; comments are skipped."""
    line = 1
    for match in _TOKEN.finditer(source):
        text = match[0]
        if text[0] in "\r\n":
            line += 1
        elif text[0] in '"|':
            yield text, line
            line += len(text.splitlines()) - 1
        elif text[0] != ";":
            if not text.isascii():
                raise _not_ascii(source, match, line)
            yield re.sub(r"[ \t]", "", text) if text[-1] == "]" else text, line


def _not_ascii(source: str, match: re.Match[str], line: int) -> FormatError:
    """Return the error for a symbol that is not ASCII; it names the line and the first such byte of that line."""
    start = match.start() + next(k for k, character in enumerate(match[0]) if not character.isascii())
    before = re.split(r"[\r\n]", source[:start])[-1]
    byte = len(before.encode(errors="surrogateescape"))
    value = source[start].encode(errors="surrogateescape")[0]
    return FormatError(
        f"line {line}: byte {byte} of the line (0x{value:02x}) is not ASCII; a VNN-LIB file is expected, in which only comments "
        "may have other characters"
    )
