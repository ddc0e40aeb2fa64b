"""Indexes for what is missing in the records and for where a trace begins; subscriptions can rest; files of
records are made in the background"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

# name -> (table, which rows)
_PARTIAL = {
    'ix_lot_overdrawn': (
        'lot', "item_kind = 'lot' AND made > 0 AND consumed + shipped + sampled + lost > made + returned"),
    'ix_lot_of_nowhere': ('lot', "is_own = 0 AND item_kind = 'lot' AND made = 0"),
    'ix_lot_in_use': ('lot', 'is_own = 1 AND consumed + shipped > 0'),
    'ix_lot_consumed': ('lot', 'is_own = 1 AND consumed > 0'),
    'ix_lot_edge_unstated': ('lot_edge', "direction = 'down' AND kind = 'made' AND quantity IS NULL"),
}
_WHOLE = {
    'ix_production_equipment': ('production', 'equipment'),
    'ix_shipment_document': ('shipment', 'document_number'),
    'ix_shipment_line_shipment': ('shipment_line', 'shipment_id'),
    'ix_capture_job_capture': ('capture_job', 'capture_id'),
}


def _make_records_job() -> None:
    moment, json = traceapp.db.types.UtcTime(), traceapp.db.types.JsonText()
    op.create_table(
        'records_job',
        sa.Column('id', sa.String(32), nullable=False), sa.Column('asked', json, nullable=False),
        sa.Column('told', json, nullable=False), sa.Column('texts', json, nullable=False),
        sa.Column('form', sa.String(8), nullable=False), sa.Column('language', sa.String(8), nullable=False),
        sa.Column('state', sa.String(16), nullable=False), sa.Column('total', sa.Integer(), nullable=False),
        sa.Column('done', sa.Integer(), nullable=False), sa.Column('rows', sa.Integer(), nullable=True),
        sa.Column('sha256', sa.String(64), nullable=True), sa.Column('size_bytes', sa.BigInteger(), nullable=True),
        sa.Column('trouble', json, nullable=True), sa.Column('created_at', moment, nullable=False),
        sa.Column('created_by', sa.String(80), nullable=False), sa.Column('created_role', sa.String(40), nullable=False),
        sa.Column('started_at', moment, nullable=True), sa.Column('finished_at', moment, nullable=True),
        sa.Column('holder', sa.String(32), nullable=True), sa.Column('lease_until', moment, nullable=True),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')",
                           name=op.f('ck_records_job_state_is_known')),
        sa.CheckConstraint('done BETWEEN 0 AND total', name=op.f('ck_records_job_done_is_a_part')),
        sa.CheckConstraint("state <> 'done' OR (rows IS NOT NULL AND sha256 IS NOT NULL AND size_bytes IS NOT NULL)",
                           name=op.f('ck_records_job_done_has_a_file')),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_records_job')))
    op.create_index('ix_records_job_state', 'records_job', ['state', 'created_at'])
    op.create_index('ix_records_job_owner', 'records_job', ['created_by', 'created_at'])


def upgrade() -> None:
    """Make the indexes, the table and the column; nobody rests yet."""
    for name, (table, where) in _PARTIAL.items():
        op.create_index(name, table, [where.partition(' ')[0], 'lot_key'], sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))
    for name, (table, column) in _WHOLE.items():
        op.create_index(name, table, [column])
    _make_records_job()
    op.add_column('epcis_subscription', sa.Column('paused_at', traceapp.db.types.UtcTime(), nullable=True))
