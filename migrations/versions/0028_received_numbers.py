"""Numbers by which a case that came in as a file is known"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New table; a case that is there is known by the number of each of its reports."""
    op.create_table('received_number',
    sa.Column('form', sa.String(length=24), nullable=False),
    sa.Column('number', sa.String(length=200), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('form', 'number', 'complaint_id', name=op.f('pk_received_number'))
    )
    op.execute('INSERT INTO received_number (form, number, complaint_id, at) '
               'SELECT form, case_id, complaint_id, min(at) FROM received_case GROUP BY form, case_id, complaint_id')
    for statement in append_only_sql('received_number', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
