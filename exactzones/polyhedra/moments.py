"""Integrals of powers of affine functions over cells, one simplex after the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TypeAlias

from exactzones.polyhedra.cells import Cell
from exactzones.polyhedra.volume import simplices
from exactzones.rational import dot, quotient

Polynomial: TypeAlias = Mapping[tuple[int, ...], Fraction]
"""Coefficients by the exponents of the variables."""


def moment(cell: Cell, function: Sequence[Fraction], power: int) -> Fraction:
    """Return the integral of a power of an affine function over a bounded cell.

    Args:
        cell: the cell.
        function: ``row . (1, x)`` as its row, shape (d + 1,).
        power: at least 0.

    Source: Lasserre and Avrachenkov 2001, The multi-dimensional version of int x^p dx.
    """
    values = [dot(function, ray) / ray[0] for ray in cell.rays]
    total = Fraction(0)
    for simplex, above, below in simplices(cell.dim, cell.rays, [on for _, on in cell.facets]):
        total += quotient(above, below) * _complete([values[k] for k in simplex], power)
    return total / (math.factorial(cell.dim) * math.comb(cell.dim + power, power))


def weighted_moment(cell: Cell, function: Sequence[Fraction], power: int, density: Polynomial) -> Fraction:
    """Return the integral of a power of an affine function times a polynomial over a bounded cell.

    Args:
        cell: the cell.
        function: ``row . (1, x)`` as its row, shape (d + 1,).
        power: at least 0.
        density: the polynomial: coefficients by the exponents of x.

    On a simplex of volume V, affine functions are linear in barycentric coordinates, and the integral of the product of their
    powers a_0, .., a_d is V d! a_0! .. a_d! / (d + a_0 + .. + a_d)!.
    """
    rows = [[Fraction(0), *[Fraction(j == k) for j in range(cell.dim)]] for k in range(cell.dim)]
    total = Fraction(0)
    at_rays = [[dot(row, ray) / ray[0] for ray in cell.rays] for row in (function, *rows)]
    for simplex, above, below in simplices(cell.dim, cell.rays, [on for _, on in cell.facets]):
        forms = [[values[k] for k in simplex] for values in at_rays]
        for exponents, coefficient in density.items():
            product: Polynomial = {(0,) * len(simplex): coefficient}
            for form, exponent in zip(forms, (power, *exponents), strict=True):
                for _ in range(exponent):
                    product = _times(product, form)
            total += quotient(above, below) * sum((c * _barycentric(a) for a, c in product.items()), start=Fraction(0))
    return total


def _times(polynomial: Polynomial, form: Sequence[Fraction]) -> Polynomial:
    """Return the product of a polynomial and a linear form."""
    product: dict[tuple[int, ...], Fraction] = {}
    for exponents, coefficient in polynomial.items():
        for k, factor in enumerate(form):
            if factor:
                raised = (*exponents[:k], exponents[k] + 1, *exponents[k + 1 :])
                product[raised] = product.get(raised, Fraction(0)) + coefficient * factor
    return product


def _barycentric(exponents: Sequence[int]) -> Fraction:
    """Return the integral of a product of powers of barycentric coordinates, divided by d! times the simplex's volume."""
    return Fraction(math.prod(map(math.factorial, exponents)), math.factorial(len(exponents) - 1 + sum(exponents)))


def _complete(values: Sequence[Fraction], degree: int) -> Fraction:
    """Return the sum of all products of so many values, with repetition."""
    sums = [Fraction(1), *[Fraction(0)] * degree]
    for value in values:
        for k in range(1, degree + 1):
            sums[k] += value * sums[k - 1]
    return sums[degree]
