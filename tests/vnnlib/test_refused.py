"""VNN-LIB files that cannot be read are refused in one line, which names the place."""

import gzip

import pytest
from models.support import refused

from exactzones.errors import InputError
from exactzones.vnnlib.conditions import MAX_CASES
from exactzones.vnnlib.reader import read_vnnlib

DECLARATIONS = "".join(f"(declare-const {name} Real)\n" for name in ("X_0", "X_1", "Y_0", "Y_1"))


@pytest.mark.parametrize(
    ("assertion", "parts"),
    [
        ("(assert (<= X_0 1)", ["line 5", "never closed"]),
        ("(assert (<= X_0 1)))", ["line 5", "closing"]),
        ("\n\nassert", ["line 7", "'assert'", "outside"]),
        ("(assert\n(<= X_0 1) (<= X_1 1))", ["line 5", "2 arguments"]),
        ("(assert\n(xor (<= X_0 1) true))", ["line 6", "'xor'", "and, or"]),
        ("(assert (not true false))", ["line 5", "(not) has 2 arguments; 1 is expected"]),
        ("(assert (=> true))", ["line 5", "(=>) has one argument; two conditions are expected"]),
        ("(assert (!= X_0 1 2))", ["line 5", "!= compares 2 terms; their number is 3"]),
        ("(assert (<= X_0))", ["line 5", "<= compares 2 or more terms; their number is 1"]),
        ("(assert (<= X_7 1))", ["line 5", "X_7", "declare-const"]),
        ("(assert (<= Z_0 1))", ["line 5", "Z_0"]),
        ("(assert (<= nan 1))", ["line 5", "'nan'"]),
        ("(assert (<= X_0 1.2.3))", ["line 5", "1.2.3"]),
        ("(assert (<= X_0 1e999999))", ["line 5", "exponents"]),
        ("(assert (<= X_0 (/ 1 0)))", ["line 5", "zero"]),
        ("(assert (<= X_0 (/ 1 X_0)))", ["line 5", "variable"]),
        ("(assert (<= (* X_0 X_1) 1))", ["a condition has degree 2; exactzones verify decides it"]),
        ("(assert (<= (* X_0 Y_1) 1))", ["a condition has degree 2; exactzones verify decides it"]),
        ("(assert (<= (^ X_0 2) 1))", ["line 5", "'^'"]),
        ("(assert (<= (+) 1))", ["line 5", "+"]),
        ("(assert (<= () 1))", ["line 5", "a term is expected"]),
        ("(assert ())", ["line 5", "a condition is expected"]),
        ("()", ["line 5", "a command is expected"]),
        ("(assert X_0)", ["line 5", "'X_0'"]),
        ("(assert (and))", ["line 5", "(and) has no arguments; at least one condition is expected"]),
        ("(check-sat)\n(assert (<= X_0 1))", ["line 6", "assert comes after check-sat", "before it"]),
        ("(exit)\n(declare-const X_2 Real)", ["line 6", "declare-const comes after exit"]),
        ("(declare-const X_0 Real)", ["line 5", "X_0", "twice"]),
        ("(declare-const X_3 Real)", ["X_2 is not declared"]),
        ("(declare-const X_2 Int)", ["line 5", "Real"]),
        ("(declare-const X_02 Real)", ["line 5", "Real"]),
        ("(push 1)", ["line 5", "'push'"]),
        ("; é\r(assert (<= X_0 é))", ["line 6", "byte 16 of the line (0xc3) is not ASCII", "comments"]),
        (f"(assert {'(and ' * 500}(<= X_0 1){')' * 500})", ["line 5", "deep"]),
        ("(" * 100_000, ["line 5", "deep"]),
        ("(assert (or (<= X_0 1) (<= X_1 1)))" * 17, [f"{2**17} cases", str(MAX_CASES), "split"]),
        ("(assert (or (<= X_0 1) (<= X_1 1)))" * 5000, ["more than 10^12 cases"]),
        (f"(assert (<= X_0 (* {'1e99999 ' * 40})))", ["line 5", "binary digits"]),
        (f"(assert (or {'(<= X_0 1e99999)' * 400}))", ["line 5", "numbers so far"]),
    ],
)
def test_refused(tmp_path, assertion, parts):
    path = tmp_path / "property.vnnlib"
    path.write_text(DECLARATIONS + assertion)
    refused(read_vnnlib, path, *parts)


def test_no_text_no_variables_no_file(tmp_path):
    path = tmp_path / "property.vnnlib"
    path.write_bytes(b"\xff\xfe\x00")
    refused(read_vnnlib, path, "byte 2 is not valid UTF-16; a VNN-LIB file is expected")
    path.write_bytes(b"\xfe\x00\x00")
    refused(read_vnnlib, path, "line 1: byte 0 of the line (0xfe) is not ASCII; a VNN-LIB file is expected")
    path.write_bytes(gzip.compress(b"; nothing")[:-9])
    refused(read_vnnlib, path, "gzipped file is damaged or cut short")
    path.write_text("; nothing\n")
    refused(read_vnnlib, path, "X_0 is not declared; write (declare-const X_0 Real)")
    path.write_text("(declare-const X_0 Real)")
    refused(read_vnnlib, path, "Y_0 is not declared; write (declare-const Y_0 Real)")
    with pytest.raises(InputError, match=r"absent\.vnnlib"):
        read_vnnlib(tmp_path / "absent.vnnlib")
