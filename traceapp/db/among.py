"""Whether a column is one of many texts: one parameter, however many there are."""
from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Dialect, ScalarSelect, String, Text, bindparam, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine


class _Texts(TypeDecorator[Iterable[str]]):
    """A list of texts: an array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Iterable[str] | None, dialect: Dialect) -> Any:
        found = list(value or ())
        return found if dialect.name == "postgresql" else json.dumps(found, ensure_ascii=False)


class Among(FunctionElement[Any]):
    """See `among`. Not called boolean: SQLite would be asked whether it equals 1, and use no index."""

    name = "among"
    type = NullType()
    inherit_cache = True


class AmongFew(Among):
    """See `among_few`."""

    name = "among_few"
    inherit_cache = True


def among(column: Any, parameter: str) -> Among:
    """Whether `column` is one of the texts that the statement is given as `parameter`."""
    return Among(column, bindparam(parameter, type_=_Texts()))


def among_few(column: Any, parameter: str) -> AmongFew:
    """The same where they are a handful whatever is asked: PostgreSQL does not look at them when it plans, and so
    plans once for the connection instead of each time."""
    return AmongFew(column, bindparam(parameter, type_=_Texts()))


def unseen(name: str, kind: TypeEngine[Any]) -> ScalarSelect[Any]:
    """A parameter at which PostgreSQL does not look when it plans, likewise."""
    return select(bindparam(name, type_=kind)).scalar_subquery()


@compiles(Among, "sqlite")
def _on_sqlite(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - a column and a parameter


@compiles(AmongFew, "postgresql")
def _few_on_postgresql(element: AmongFew, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ((SELECT {texts})::VARCHAR[])"


@compiles(Among, "postgresql")
def _on_postgresql(element: Among, compiler: SQLCompiler, **options: Any) -> str:
    column, texts = (compiler.process(part, **options) for part in element.clauses)
    return f"{column} = ANY ({texts})"
