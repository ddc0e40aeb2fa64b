"""Indexes for what is missing in the records and for where a trace begins; subscriptions can rest"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0013'
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


def upgrade() -> None:
    """Make the indexes and the column; nobody rests yet."""
    for name, (table, where) in _PARTIAL.items():
        op.create_index(name, table, [where.partition(' ')[0], 'lot_key'], sqlite_where=sa.text(where),
                        postgresql_where=sa.text(where))
    for name, (table, column) in _WHOLE.items():
        op.create_index(name, table, [column])
    op.add_column('epcis_subscription', sa.Column('paused_at', traceapp.db.types.UtcTime(), nullable=True))
