"""The books of a recall: where units went, what came back, what becomes of it, each answer, each try of the checks"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0054'
down_revision = '0053'
branch_labels = None
depends_on = None

_KINDS = "kind IN ('rework', 'destroy', 'supplier', 'release', 'keep')"
_STATES = "state IN ('proposed', 'decided', 'withdrawn')"


def upgrade() -> None:
    """New columns; what came back after the scope was frozen; every answer that stands as the first of its history."""
    for name in ('passed_on', 'destroyed', 'corrected', 'came_back'):
        op.add_column('recall_ledger', sa.Column(name, traceapp.db.types.Amount(), server_default='0', nullable=False))
    op.add_column('recall_ledger', sa.Column('passed_to', sa.Text(), server_default='', nullable=False))
    with op.batch_alter_table('recall_ledger') as batch_op:
        batch_op.create_check_constraint(
            op.f('ck_recall_ledger_places_are_not_negative'),
            'passed_on >= 0 AND destroyed >= 0 AND corrected >= 0 AND came_back >= 0')
        batch_op.create_check_constraint(
            op.f('ck_recall_ledger_no_answer_places_nothing'),
            'on_hand IS NOT NULL OR (passed_on = 0 AND destroyed = 0 AND corrected = 0)')
    op.execute("""UPDATE recall_ledger SET came_back = COALESCE((
        SELECT -SUM(line.units) FROM shipment_line line JOIN recall ON recall.id = recall_ledger.recall_id
        WHERE line.lot_key = recall_ledger.lot_key AND line.consignee_id = recall_ledger.consignee_id
        AND line.units < 0 AND line.shipped_at > recall.submitted_at), 0)""")
    _answers()
    _books()
    for table in ('notice_answer', 'recall_return', 'effectiveness_try'):
        for statement in append_only_sql(table, op.get_bind().dialect.name):
            op.execute(statement)


def _answers() -> None:
    answers = op.create_table('notice_answer',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('answered_by', sa.String(length=200), nullable=False),
    sa.Column('way', sa.String(length=12), nullable=False),
    sa.Column('lines', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('is_late', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('recall_id', 'consignee_id', 'position', name=op.f('pk_notice_answer'))
    )
    columns = "recall_id, consignee_id, answered_at, answered_by, explanation, lot_key, received, on_hand, used, returned"
    rows = op.get_bind().execute(sa.text(
        f"SELECT {columns} FROM recall_ledger WHERE on_hand IS NOT NULL AND answered_at IS NOT NULL "
        "ORDER BY recall_id, consignee_id, answered_at, lot_key").columns(
            answered_at=traceapp.db.types.UtcTime(), **{
                name: traceapp.db.types.Amount() for name in ('received', 'on_hand', 'used', 'returned')})).all()
    found: dict[tuple[object, ...], dict[str, object]] = {}
    positions: dict[tuple[object, ...], int] = {}
    for row in rows:
        whose = (row.recall_id, row.consignee_id)
        one = found.get((*whose, row.answered_at))
        if one is None:
            positions[whose] = positions.get(whose, 0) + 1
            one = found[(*whose, row.answered_at)] = {
                'recall_id': row.recall_id, 'consignee_id': row.consignee_id, 'position': positions[whose],
                'answered_at': row.answered_at, 'answered_by': row.answered_by, 'way': '', 'lines': {},
                'explanation': row.explanation, 'is_late': False}
        one['lines'][row.lot_key] = {name: f'{getattr(row, name):f}'  # type: ignore[index]
                                     for name in ('received', 'on_hand', 'used', 'returned')} | {
            name: '0' for name in ('passed_on', 'destroyed', 'corrected')}
    if found:
        op.bulk_insert(answers, list(found.values()))


def _books() -> None:
    op.create_table('recall_return',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('units', traceapp.db.types.Amount(), nullable=False),
    sa.Column('is_in_scope', sa.Boolean(), nullable=False),
    sa.Column('document_number', sa.String(length=80), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('counted_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('counted_by', sa.String(length=32), nullable=False),
    sa.CheckConstraint('units > 0', name=op.f('ck_recall_return_something_came')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_recall_return'))
    )
    op.create_index('ix_recall_return_recall', 'recall_return', ['recall_id', 'consignee_id'], unique=False)
    op.create_table('recall_disposition',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('units', traceapp.db.types.Amount(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('partner_id', sa.String(length=32), nullable=True),
    sa.Column('new_number', sa.String(length=80), nullable=False),
    sa.Column('certificate', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('proposed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('proposed_by', sa.String(length=32), nullable=False),
    sa.Column('decided_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('decided_by', sa.String(length=32), nullable=True),
    sa.CheckConstraint(_KINDS, name=op.f('ck_recall_disposition_kind_is_known')),
    sa.CheckConstraint(_STATES, name=op.f('ck_recall_disposition_state_is_known')),
    sa.CheckConstraint('units > 0', name=op.f('ck_recall_disposition_of_something')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_recall_disposition'))
    )
    op.create_index('ix_recall_disposition_recall', 'recall_disposition', ['recall_id'], unique=False)
    op.create_table('recall_lot_difference',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('difference', traceapp.db.types.Amount(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('explained_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('explained_by', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'recall_id', name=op.f('pk_recall_lot_difference'))
    )
    op.create_table('effectiveness_try',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('scope_number', sa.Integer(), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('way', sa.String(length=12), nullable=False),
    sa.Column('spoken_to', sa.String(length=200), nullable=False),
    sa.Column('received', sa.Boolean(), nullable=True),
    sa.Column('understood', sa.Boolean(), nullable=True),
    sa.Column('acted', sa.Boolean(), nullable=True),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=32), nullable=False),
    sa.CheckConstraint('(received IS NULL) = (understood IS NULL) AND (received IS NULL) = (acted IS NULL)',
                       name=op.f('ck_effectiveness_try_asked_all_or_none')),
    sa.PrimaryKeyConstraint('recall_id', 'scope_number', 'consignee_id', 'position',
                            name=op.f('pk_effectiveness_try'))
    )
