"""A token can have all the scopes that there are"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = '0022'
down_revision = '0021'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A longer column; SQLite makes the table anew with what is in it."""
    with op.batch_alter_table('api_token') as batch:
        batch.alter_column('scopes', existing_type=sa.String(length=400), type_=sa.String(length=2000),
                           existing_nullable=False)
