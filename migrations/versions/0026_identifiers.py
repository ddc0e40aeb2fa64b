"""What authorities know a party and a product by; when they are promised the next report"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

_COLUMNS = {'party': (('postcode', 15), ('fei', 10), ('srn', 20), ('duns', 9), ('e2b_sender', 60)),
            'registration': (('notified_body', 4), ('certificate_number', 50))}


def upgrade() -> None:
    """New columns, empty for what is there."""
    for table, columns in _COLUMNS.items():
        for name, length in columns:
            op.add_column(table, sa.Column(name, sa.String(length=length), server_default='', nullable=False))
    op.add_column('report', sa.Column('expected_next_on', sa.Date(), nullable=True))
