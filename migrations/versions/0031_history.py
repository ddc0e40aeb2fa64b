"""What history says of a product: the wait until a report and the rates, by fit"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0031'
down_revision = '0030'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New tables; what quality has set for a product stays in force until it chooses what history says."""
    op.add_column('detection_basis', sa.Column('follows_history', sa.Boolean(), server_default=sa.false(), nullable=False))
    op.create_table('detection_fit',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('fitted_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('fitted_by', sa.String(length=120), nullable=False),
    sa.Column('in_force_from', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('digest', sa.String(length=64), nullable=False),
    sa.Column('lots', sa.Integer(), nullable=False),
    sa.Column('delay_reports', sa.Integer(), nullable=False),
    sa.Column('waits', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('left_out', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('publicity', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('unexposed', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('product_id', 'number', name=op.f('pk_detection_fit'))
    )
    op.create_table('detection_rate',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('severity_group', sa.String(length=8), nullable=False),
    sa.Column('region', sa.String(length=100), nullable=False),
    sa.Column('reports', sa.Integer(), nullable=False),
    sa.Column('exposure', sa.Float(), nullable=False),
    sa.Column('rate', sa.Float(), nullable=False),
    sa.Column('low', sa.Float(), nullable=False),
    sa.Column('high', sa.Float(), nullable=False),
    sa.Column('history', sa.Integer(), nullable=False),
    sa.Column('family_mean', sa.Float(), nullable=True),
    sa.Column('family_shape', sa.Float(), nullable=True),
    sa.CheckConstraint("severity_group IN ('harm', 'serious')", name=op.f('ck_detection_rate_severity_group_is_known')),
    sa.CheckConstraint('rate > 0 AND low <= high', name=op.f('ck_detection_rate_rate_is_positive')),
    sa.PrimaryKeyConstraint('product_id', 'number', 'severity_group', 'region', name=op.f('pk_detection_rate'))
    )
    for table in ('detection_fit', 'detection_rate'):
        for statement in append_only_sql(table, op.get_bind().dialect.name):
            op.execute(statement)
