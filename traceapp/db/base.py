"""The declarative base, constraint names, and what many tables share."""
from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Date, Integer, MetaData, Table, Text, event
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from traceapp.core.errors import Stale

from .append_only import append_only_ddl
from .types import Amount, UtcTime

NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Every table. `append_only = True` makes the database itself refuse UPDATE and DELETE."""

    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcTime(), Decimal: Amount(), str: Text(), date: Date()}
    append_only: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if cls.append_only and isinstance(table, Table):
            table.info["append_only"] = True
            for dialect in ("sqlite", "postgresql"):
                for statement in append_only_ddl(table.name, dialect):
                    event.listen(table, "after_create", statement)


class Revisioned:
    """A row that knows how often it was changed; two people cannot change the same version."""

    revision: Mapped[int] = mapped_column(Integer, default=1, nullable=False)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        return {"version_id_col": cls.__table__.c.revision} if hasattr(cls, "__table__") else {
            "version_id_col": cls.revision}


def enum_check(column: str, values: type[StrEnum] | tuple[str, ...]) -> CheckConstraint:
    """A named check that the column holds one of the values of the enum."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_is_known")


def expect_revision(entity: Revisioned, revision: int | None) -> None:
    """Refuse a change of a version that is no longer the present one. None means: the caller did not ask."""
    if revision is not None and entity.revision != revision:
        raise Stale("This was changed by somebody else in the meantime. Reload the page, look at the change, and try "
                    "again. Nothing was saved.")
