"""The database: base, types, engine, and the unit of work, which is the one place that commits."""
from .base import Base, Revisioned, enum_check, expect_revision
from .database import Database, Taken, on_seal
from .types import Amount, JsonText, UtcTime

__all__ = ["Amount", "Base", "Database", "JsonText", "Revisioned", "Taken", "UtcTime", "enum_check",
           "expect_revision", "on_seal"]
