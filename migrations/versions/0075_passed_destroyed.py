"""What was passed on can be destroyed or put right where it came to, and a destruction there is claimed until it is shown"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types

revision = '0075'
down_revision = '0074'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Answers of before said nothing of it."""
    for name in ('destroyed', 'corrected', 'unproved'):
        op.add_column('notice_pass_on_line', sa.Column(name, traceapp.db.types.Amount(), server_default='0',
                                                       nullable=False))
    op.add_column('notice_pass_on_line', sa.Column('accepted_at', traceapp.db.types.UtcTime(), nullable=True))
    op.add_column('notice_pass_on_line', sa.Column('accepted_by', sa.String(length=32), nullable=True))
    op.add_column('notice_pass_on_line', sa.Column('accepted_reason', sa.Text(), server_default='', nullable=False))
    with op.batch_alter_table('notice_pass_on_line') as batch_op:
        batch_op.create_check_constraint(op.f('ck_notice_pass_on_line_proved_are_destroyed'),
                                         'unproved >= 0 AND unproved <= destroyed AND corrected >= 0')
