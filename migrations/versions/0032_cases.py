"""A signal is a case of any kind of node, with its alarms, its lots, its priority; and silence"""
from __future__ import annotations

from typing import Any
from uuid import NAMESPACE_URL, uuid5

import sqlalchemy as sa
from alembic import op

from traceapp.db.append_only import append_only_sql
from traceapp.db.types import JsonText, UtcTime

revision = '0032'
down_revision = '0031'
branch_labels = None
depends_on = None

_STATES = ('open', 'validated', 'prioritised', 'assessed', 'confirmed', 'refuted', 'closed', 'merged')
_KINDS = ('lot', 'upstream', 'supplier', 'line', 'equipment', 'operator', 'load', 'site', 'lane', 'consignee')
_GROUPS = ('harm', 'serious')
_STANDING = ('open', 'validated', 'confirmed')
_NUMBERS = ('observed', 'expected', 'llr', 'critical')


def upgrade() -> None:
    """New tables, what was found about lots carried into them, then the table of signals in its new form."""
    _cases()
    _silence()
    op.add_column('signal_decision', sa.Column('details', JsonText(), server_default='{}', nullable=False))
    _carry_over()
    _signal()


def _check(column: str, values: tuple[str, ...], table: str) -> sa.CheckConstraint:
    listed = ', '.join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f'{column} IN ({listed})', name=op.f(f'ck_{table}_{column}_is_known'))


def _numbers() -> list[sa.Column[Any]]:
    return [sa.Column('observed', sa.Integer(), nullable=False), sa.Column('expected', sa.Float(), nullable=False),
            sa.Column('llr', sa.Float(), nullable=False), sa.Column('critical', sa.Float(), nullable=False)]


def _cases() -> None:
    op.create_table(
        'signal_alarm',
        sa.Column('lot_key', sa.String(length=32), nullable=False),
        sa.Column('signal_id', sa.String(length=32), nullable=False),
        sa.Column('position', sa.Integer(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('node_key', sa.String(length=32), nullable=False),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('severity_group', sa.String(length=8), nullable=False),
        sa.Column('method', sa.String(length=24), nullable=False),
        sa.Column('product_id', sa.String(length=32), nullable=True),
        sa.Column('since', sa.Date(), nullable=False),
        *_numbers(),
        sa.Column('lot_keys', JsonText(), nullable=False),
        sa.Column('evidence', JsonText(), nullable=False),
        _check('kind', _KINDS, 'signal_alarm'), _check('severity_group', _GROUPS, 'signal_alarm'),
        sa.PrimaryKeyConstraint('lot_key', 'signal_id', 'position', name=op.f('pk_signal_alarm')),
        info={'append_only': True})
    op.create_index('ix_signal_alarm_signal_id', 'signal_alarm', ['signal_id'])
    for statement in append_only_sql('signal_alarm', op.get_bind().dialect.name):
        op.execute(statement)
    op.create_table(
        'signal_node',
        sa.Column('lot_key', sa.String(length=32), nullable=False),
        sa.Column('signal_id', sa.String(length=32), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('node_key', sa.String(length=32), nullable=False),
        sa.Column('severity_group', sa.String(length=8), nullable=False),
        sa.Column('observed', sa.Integer(), nullable=False),
        sa.Column('recorded', sa.Integer(), nullable=False),
        sa.Column('lots_hash', sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint('lot_key', 'signal_id', 'kind', 'node_key', 'severity_group',
                                name=op.f('pk_signal_node')))
    for column in ('node_key', 'signal_id', 'lots_hash'):
        op.create_index(f'ix_signal_node_{column}', 'signal_node', [column])
    op.create_table(
        'signal_lot',
        sa.Column('lot_key', sa.String(length=32), nullable=False),
        sa.Column('signal_id', sa.String(length=32), nullable=False),
        sa.Column('is_standing', sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint('lot_key', 'signal_id', name=op.f('pk_signal_lot')))
    op.create_index('ix_signal_lot_signal_id', 'signal_lot', ['signal_id'])


def _silence() -> None:
    op.create_table(
        'silence_rule',
        sa.Column('id', sa.String(length=32), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=True),
        sa.Column('node_key', sa.String(length=32), nullable=True),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('product_id', sa.String(length=32), nullable=True),
        sa.Column('severity_group', sa.String(length=8), nullable=True),
        sa.Column('reason', sa.Text(), nullable=False),
        sa.Column('from_on', sa.Date(), nullable=False),
        sa.Column('until_on', sa.Date(), nullable=False),
        sa.Column('set_at', UtcTime(), nullable=False),
        sa.Column('set_by', sa.String(length=120), nullable=False),
        sa.Column('ended_at', UtcTime(), nullable=True),
        sa.Column('ended_by', sa.String(length=120), nullable=True),
        sa.Column('end_reason', sa.Text(), nullable=False),
        sa.Column('revision', sa.Integer(), nullable=False),
        sa.CheckConstraint('until_on >= from_on', name=op.f('ck_silence_rule_ends_after_it_begins')),
        sa.CheckConstraint('node_key IS NOT NULL OR product_id IS NOT NULL',
                           name=op.f('ck_silence_rule_is_about_something')),
        sa.CheckConstraint('node_key IS NULL OR kind IS NOT NULL', name=op.f('ck_silence_rule_node_has_a_kind')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_silence_rule')))
    op.create_index('ix_silence_rule_running', 'silence_rule', ['until_on'],
                    sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table(
        'silenced_alarm',
        sa.Column('lot_key', sa.String(length=32), nullable=False),
        sa.Column('silence_id', sa.String(length=32), nullable=False),
        sa.Column('kind', sa.String(length=10), nullable=False),
        sa.Column('severity_group', sa.String(length=8), nullable=False),
        sa.Column('name', sa.String(length=200), nullable=False),
        sa.Column('product_id', sa.String(length=32), nullable=True),
        sa.Column('first_at', UtcTime(), nullable=False),
        sa.Column('at', UtcTime(), nullable=False),
        sa.Column('times', sa.Integer(), nullable=False),
        *_numbers(),
        sa.Column('lot_keys', JsonText(), nullable=False),
        sa.Column('evidence', JsonText(), nullable=False),
        sa.Column('looked_at', UtcTime(), nullable=True),
        sa.PrimaryKeyConstraint('lot_key', 'silence_id', 'kind', 'severity_group', name=op.f('pk_silenced_alarm')))
    op.create_index('ix_silenced_alarm_silence_id', 'silenced_alarm', ['silence_id'])


def _carry_over() -> None:
    """Each signal that there was is a case of its one lot, with its one alarm; evidence stays as it was written."""
    names = ('lot_key', 'id', 'product_id', 'method', 'state', *_NUMBERS)
    signal = sa.table('signal', *(sa.column(name) for name in names), sa.column('opened_at', UtcTime()),
                      sa.column('since', sa.Date()), sa.column('evidence', sa.Text()))
    lot = sa.table('lot', sa.column('lot_key'), sa.column('number'))
    alarm = sa.table('signal_alarm', *(sa.column(name) for name in (
        'lot_key', 'signal_id', 'position', 'kind', 'node_key', 'name', 'severity_group', 'method', 'product_id',
        *_NUMBERS)), sa.column('at', UtcTime()), sa.column('since', sa.Date()), sa.column('lot_keys', JsonText()),
        sa.column('evidence', sa.Text()))
    node = sa.table('signal_node', *(sa.column(name) for name in (
        'lot_key', 'signal_id', 'kind', 'node_key', 'severity_group', 'observed', 'recorded', 'lots_hash')))
    signal_lot = sa.table('signal_lot', sa.column('lot_key'), sa.column('signal_id'),
                          sa.column('is_standing', sa.Boolean()))
    bind = op.get_bind()
    rows = bind.execute(sa.select(signal, lot.c.number).outerjoin(lot, lot.c.lot_key == signal.c.lot_key)).all()
    for row in rows:
        key = {'lot_key': row.lot_key, 'signal_id': row.id}
        about = {'kind': 'lot', 'node_key': row.lot_key, 'severity_group': 'harm'}
        bind.execute(alarm.insert(), [{
            **key, **about, 'position': 1, 'name': row.number or row.lot_key, 'method': row.method,
            'product_id': row.product_id, 'at': row.opened_at, 'since': row.since, 'lot_keys': [row.lot_key],
            'evidence': row.evidence, **{name: getattr(row, name) for name in _NUMBERS}}])
        bind.execute(node.insert(), [{
            **key, **about, 'observed': row.observed, 'recorded': row.observed,
            'lots_hash': uuid5(NAMESPACE_URL, f'urn:traceapp:lots:{row.lot_key}').hex}])
        bind.execute(signal_lot.insert(), [{**key, 'is_standing': row.state in _STANDING}])


def _signal() -> None:
    with op.batch_alter_table('signal') as batch:
        batch.drop_constraint(op.f('ck_signal_state_is_known'), type_='check')
        batch.add_column(sa.Column('kind', sa.String(length=10), nullable=False, server_default='lot'))
        batch.add_column(sa.Column('node_key', sa.String(length=32), nullable=False, server_default=''))
        batch.add_column(sa.Column('name', sa.String(length=200), nullable=False, server_default=''))
        batch.add_column(sa.Column('severity_group', sa.String(length=8), nullable=False, server_default='harm'))
        batch.add_column(sa.Column('priority', sa.String(length=6), nullable=True))
        batch.add_column(sa.Column('due_at', UtcTime(), nullable=True))
        batch.add_column(sa.Column('merged_into_id', sa.String(length=32), nullable=True))
        batch.drop_column('evidence')
        batch.alter_column('product_id', existing_type=sa.String(length=32), nullable=True)
        batch.alter_column('state', existing_type=sa.String(length=10), type_=sa.String(length=12),
                           existing_nullable=False)
    op.execute("UPDATE signal SET node_key = lot_key, name = COALESCE((SELECT number FROM lot"
               " WHERE lot.lot_key = signal.lot_key), lot_key)")
    with op.batch_alter_table('signal') as batch:
        for column in ('kind', 'node_key', 'name', 'severity_group'):
            batch.alter_column(column, server_default=None)
        for column, values in (('state', _STATES), ('kind', _KINDS), ('severity_group', _GROUPS)):
            listed = ', '.join(f"'{value}'" for value in values)
            batch.create_check_constraint(op.f(f'ck_signal_{column}_is_known'), f'{column} IN ({listed})')
        batch.create_check_constraint(op.f('ck_signal_priority_is_known'),
                                      "priority IS NULL OR priority IN ('high', 'medium', 'low')")
        batch.create_check_constraint(op.f('ck_signal_merged_points_to_a_case'),
                                      "(state = 'merged') = (merged_into_id IS NOT NULL)")
    op.create_index('ix_signal_reference', 'signal', ['reference'])
    op.create_index('ix_signal_merged_into_id', 'signal', ['merged_into_id'])
