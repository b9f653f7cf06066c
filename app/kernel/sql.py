"""Portable pieces of statements: exact ratios, clamping, sums of cases, writing results.

Decisions are made on integers. Products of four figures leave 64 bits, so ratios are computed by
`scaled_quotient` and `scaled_difference` – the rules of `app.kernel.exact` – which SQLite gets as
functions and PostgreSQL as exact numeric division.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, cast, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import FunctionElement


class scaled_quotient(FunctionElement[int]):  # noqa: N801 -- an SQL function
    """floor(factor · (num/den) ÷ (other_num/other_den)); see `app.kernel.exact`."""

    type = BigInteger()
    inherit_cache = True
    name = "scaled_quotient"


class scaled_difference(FunctionElement[int]):  # noqa: N801 -- an SQL function
    """floor(factor · (num/den − other_num/other_den)); see `app.kernel.exact`."""

    type = BigInteger()
    inherit_cache = True
    name = "scaled_difference"


class clamp(FunctionElement[int]):  # noqa: N801 -- an SQL function
    """clamp(value, least, most): NULL stays NULL, which GREATEST would not do everywhere."""

    type = BigInteger()
    inherit_cache = True
    name = "clamp"


@compiles(clamp, "sqlite")
def _clamp_sqlite(element: Any, compiler: Any, **words: Any) -> str:
    value, least, most = (compiler.process(part, **words) for part in element.clauses)
    return f"max({least}, min({value}, {most}))"


@compiles(clamp)
def _clamp(element: Any, compiler: Any, **words: Any) -> str:
    value, least, most = (compiler.process(part, **words) for part in element.clauses)
    return f"CASE WHEN {value} IS NOT NULL THEN greatest({least}, least({value}, {most})) END"


@compiles(scaled_quotient)
def _scaled_quotient(element: Any, compiler: Any, **words: Any) -> str:
    factor, num, den, other_num, other_den = (
        f"CAST({compiler.process(part, **words)} AS NUMERIC)" for part in element.clauses
    )
    quotient = _floor(f"{factor} * {num} * {other_den}", f"({den} * {other_num})")
    return f"CASE WHEN {den} > 0 AND {other_num} > 0 AND {other_den} > 0 THEN {quotient} END"


@compiles(scaled_difference)
def _scaled_difference(element: Any, compiler: Any, **words: Any) -> str:
    factor, num, den, other_num, other_den = (
        f"CAST({compiler.process(part, **words)} AS NUMERIC)" for part in element.clauses
    )
    difference = _floor(
        f"{factor} * ({num} * {other_den} - {other_num} * {den})", f"({den} * {other_den})"
    )
    return f"CASE WHEN {den} > 0 AND {other_den} > 0 THEN {difference} END"


def _floor(dividend: str, divisor: str) -> str:
    """Exact floor of a quotient of numerics with a positive divisor: `/` would round."""
    rounding = f"CASE WHEN mod({dividend}, {divisor}) < 0 THEN 1 ELSE 0 END"
    return f"CAST(div({dividend}, {divisor}) - {rounding} AS BIGINT)"


for _function in (scaled_quotient, scaled_difference):

    @compiles(_function, "sqlite")
    def _by_name(element: Any, compiler: Any, **words: Any) -> str:
        return f"{element.name}{compiler.process(element.clauses.self_group(), **words)}"


def count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """How many rows of the group meet the condition."""
    return func.count().filter(condition)


def sum_if(condition: ColumnElement[bool], value: Any) -> ColumnElement[int]:
    """The sum over the rows of the group that meet the condition; 0 when there is none.

    PostgreSQL adds BIGINTs up to NUMERIC, so the sum is cast back to an integer.
    """
    return whole(func.sum(value).filter(condition))


def whole(value: Any) -> ColumnElement[int]:
    """A sum as BIGINT, 0 for none."""
    return cast(func.coalesce(value, 0), BigInteger)
