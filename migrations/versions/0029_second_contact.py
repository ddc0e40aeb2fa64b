"""Persons are found by their e-mail too where they gave a telephone number beside it"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0029'
down_revision = '0028'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A second hash, unknown for those that are there: the jobs, which have the key, note it, some at a time."""
    op.add_column('vault_person', sa.Column('mail_hash', sa.String(length=64), nullable=True))
    op.create_index(op.f('ix_vault_person_mail_hash'), 'vault_person', ['mail_hash'], unique=False)
