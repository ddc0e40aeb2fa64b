"""What is captured is written in fewer places: items answer queries too, and events lie in the order of recording"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None

_ROLES = {'object': ('epc', 'class'), 'child': ('child_epc', 'child_class'), 'input': ('input_epc', 'input_class'),
          'output': ('output_epc', 'output_class'), 'parent': ('parent', None)}
_INDEXES = {'ix_event_recorded_at': 'recorded_at', 'ix_event_time': 'event_time', 'ix_event_capture': 'capture_id'}
_COLUMNS = 'lot_key, at, event_id, role, is_class, subject_key, quantity, unit, stands, value'


def upgrade() -> None:
    """The table made anew: first what events touch, then what they name beside it."""
    connection = op.get_bind()
    op.rename_table('event_item', 'event_item_before')
    if connection.dialect.name == 'postgresql':
        op.execute('ALTER TABLE event_item_before RENAME CONSTRAINT pk_event_item TO pk_event_item_before')
    op.create_table('event_item',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('is_class', sa.Boolean(), nullable=False),
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.Column('stands', sa.Boolean(), nullable=False),
    sa.Column('value', sa.Text(), nullable=True),
    sa.PrimaryKeyConstraint('lot_key', 'at', 'event_id', 'role', 'is_class', name=op.f('pk_event_item')),
    sqlite_with_rowid=False
    )
    names = [name for pair in _ROLES.values() for name in pair if name]
    op.execute(_touched())
    op.execute(_named(names))
    op.execute(f"DELETE FROM event_term WHERE name IN ({_listed(names)})")  # noqa: S608 - our own names
    op.drop_table('event_item_before')
    _order_events(connection.dialect.name)


def _order_events(dialect: str) -> None:
    """The key of events begins with their id; SQLite makes the table anew."""
    op.drop_index('ix_event_id', table_name='event')
    if dialect == 'postgresql':
        op.execute('ALTER TABLE event DROP CONSTRAINT pk_event, '
                   'ADD CONSTRAINT pk_event PRIMARY KEY (id, subject_key)')
        return
    for name in _INDEXES:
        op.drop_index(name, table_name='event')
    op.rename_table('event', 'event_before')
    op.create_table('event',
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('action', sa.String(length=8), nullable=True),
    sa.Column('event_time', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('zone_offset', sa.String(length=6), nullable=False),
    sa.Column('recorded_at', traceapp.db.types.UtcTime(), nullable=False),
    *[sa.Column(name, sa.Text(), nullable=True) for name in ('biz_step', 'disposition', 'read_point', 'biz_location')],
    sa.Column('hash', sa.String(length=100), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('context', sa.Text(), nullable=False),
    sa.Column('capture_id', sa.String(length=32), nullable=True),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', 'subject_key', name=op.f('pk_event'))
    )
    op.execute('INSERT INTO event SELECT * FROM event_before ORDER BY id')
    op.drop_table('event_before')
    for name, column in _INDEXES.items():
        op.create_index(name, 'event', [column, 'id'], unique=False)
    for statement in append_only_sql('event', dialect):
        op.execute(sa.text(statement.replace(':', '\\:')))


def _listed(names: list[str]) -> str:
    return ', '.join(f"'{name}'" for name in names)


def _case(column: str, found: dict[str, str]) -> str:
    return f"CASE {column} {' '.join(f'''WHEN '{key}' THEN '{value}' ''' for key, value in found.items())}END"


def _touched() -> str:
    """What stood among instances is no class, even where it stood among classes too."""
    one, many = ({role: pair[at] for role, pair in _ROLES.items() if pair[at]} for at in (0, 1))
    return f"""
        INSERT INTO event_item ({_COLUMNS})
        SELECT i.lot_key, e.event_time, i.event_id, i.role, one.key IS NULL AND i.role <> 'process', i.subject_key,
               i.quantity, i.unit, 1 = 1, NULLIF(COALESCE(one.value, many.value), lot.uri)
        FROM event_item_before i
        JOIN event e ON e.subject_key = i.subject_key AND e.id = i.event_id
        LEFT JOIN event_term one ON one.name = {_case('i.role', one)} AND one.key = i.lot_key
             AND one.at = e.event_time AND one.event_id = i.event_id
        LEFT JOIN event_term many ON many.name = {_case('i.role', many)} AND many.key = i.lot_key
             AND many.at = e.event_time AND many.event_id = i.event_id
        LEFT JOIN lot ON lot.lot_key = i.lot_key"""  # noqa: S608 - our own names


def _named(names: list[str]) -> str:
    roles = {name: role for role, pair in _ROLES.items() for name in pair if name}
    is_class = f"t.name IN ({_listed([pair[1] for pair in _ROLES.values() if pair[1]])})"
    return f"""
        INSERT INTO event_item ({_COLUMNS})
        SELECT t.key, t.at, t.event_id, {_case('t.name', roles)}, {is_class}, t.subject_key, NULL, NULL, 1 = 0, t.value
        FROM event_term t WHERE t.name IN ({_listed(names)}) AND NOT EXISTS (
            SELECT 1 FROM event_item i WHERE i.lot_key = t.key AND i.at = t.at AND i.event_id = t.event_id
            AND i.role = {_case('t.name', roles)} AND i.is_class = ({is_class}))"""  # noqa: S608 - our own names
