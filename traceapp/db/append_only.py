"""The triggers by which the database refuses to change what was recorded."""
from __future__ import annotations

from sqlalchemy import DDL

_FUNCTION = """
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$
"""


def append_only_sql(table: str, dialect: str) -> list[str]:
    """The statements that make `table` append-only in `dialect` (`sqlite` or `postgresql`)."""
    if dialect == "postgresql":
        return [_FUNCTION, f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
                           "FOR EACH ROW EXECUTE FUNCTION refuse_change()",
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"]
    return [f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END" for act in ("UPDATE", "DELETE")]


def append_only_ddl(table: str, dialect: str) -> list[DDL]:
    """The same statements for `MetaData.create_all`, each run on its own dialect only."""
    return [DDL(text.replace("%", "%%")).execute_if(dialect=dialect)
            for text in append_only_sql(table, dialect)]
