"""Of which batches a consumer was told is kept as such; mail that came back ends the mail to a subscriber;
an account can be a medical assessor, and signatures for medicine say so"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0073'
down_revision = '0072'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Whoever was told before was told of what they had complained about by then, as far as it was in scope; of what
    they complained about later they are told now."""
    op.create_table('consumer_notice_lot',
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['recall_id', 'person_id'], ['consumer_notice.recall_id', 'consumer_notice.person_id'],
                            name=op.f('fk_consumer_notice_lot_recall_id_consumer_notice')),
    sa.PrimaryKeyConstraint('person_id', 'recall_id', 'lot_key', name=op.f('pk_consumer_notice_lot'))
    )
    op.add_column('recall_subscriber', sa.Column('bounces', sa.Integer(), server_default='0', nullable=False))
    op.add_column('recall_subscriber', sa.Column('suspended_at', traceapp.db.types.UtcTime(), nullable=True))
    for table, name in (('app_user', 'medical_qualification'), ('recall_signature', 'qualification')):
        op.add_column(table, sa.Column(name, sa.String(length=300), server_default='', nullable=False))
    op.execute("""INSERT INTO consumer_notice_lot (recall_id, person_id, lot_key)
        SELECT DISTINCT told.recall_id, told.person_id, said.lot_key
        FROM consumer_notice told JOIN vault_person who ON who.id = told.person_id
        JOIN vault_person same ON same.contact_hash = who.contact_hash
        JOIN complaint said ON said.person_id = same.id
        JOIN recall_lot ON recall_lot.recall_id = told.recall_id AND recall_lot.lot_key = said.lot_key
        LEFT JOIN (SELECT source, lot_key, MIN(placed_at) AS at FROM hold GROUP BY source, lot_key) held
            ON held.source = 'recall:' || told.recall_id AND held.lot_key = said.lot_key
        WHERE said.received_at <= COALESCE(told.settled_at, told.queued_at)
        AND (held.at IS NULL OR held.at <= told.queued_at)""")
