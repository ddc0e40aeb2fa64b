"""Results of samples, and the causes that closed corrective actions confirmed"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0034'
down_revision = '0036'
branch_labels = None
depends_on = None

_KINDS = ('lot', 'upstream', 'supplier', 'line', 'equipment', 'operator', 'load', 'site', 'lane', 'consignee')


def upgrade() -> None:
    """New tables."""
    op.create_table('cause_sample',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('taken', sa.String(length=10), nullable=False),
    sa.Column('sampled_on', sa.Date(), nullable=False),
    sa.Column('method', sa.String(length=200), nullable=False),
    sa.Column('result', sa.String(length=14), nullable=False),
    sa.Column('sensitivity', sa.Float(), nullable=False),
    sa.Column('specificity', sa.Float(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('corrects', sa.String(length=32), nullable=True),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=120), nullable=False),
    sa.CheckConstraint("taken IN ('retained', 'stock', 'returned')", name=op.f('ck_cause_sample_taken_is_known')),
    sa.CheckConstraint("result IN ('contaminated', 'clean', 'unclear')", name=op.f('ck_cause_sample_result_is_known')),
    sa.CheckConstraint('sensitivity > 0 AND sensitivity <= 1 AND specificity > 0 AND specificity <= 1',
                       name=op.f('ck_cause_sample_test_is_stated')),
    sa.CheckConstraint('sensitivity + specificity > 1', name=op.f('ck_cause_sample_test_tells_something')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_cause_sample'))
    )
    op.create_table('confirmed_cause',
    sa.Column('about', sa.String(length=80), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=120), nullable=False),
    sa.CheckConstraint(f"kind IN ({', '.join(repr(kind) for kind in _KINDS)})",
                       name=op.f('ck_confirmed_cause_kind_is_known')),
    sa.PrimaryKeyConstraint('about', name=op.f('pk_confirmed_cause'))
    )
    for statement in append_only_sql('cause_sample', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
