"""Registrations of products per market; why an authority is asked; decisions of a manager; legal holds"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

# What products say of the market at home stands in a registration there as well; its id is the product's.
_HOME = """
INSERT INTO registration (id, product_id, market, number, risk_class, brand, common_name, model, specification,
 catalogue_number, udi_di, basic_udi_di, fda_product_code, emdn, gmdn, category, origin, language, created_at, revision)
SELECT id, id, coalesce((SELECT party.country FROM party JOIN site ON site.party_id = party.id WHERE site.is_own
 ORDER BY site.code LIMIT 1), 'CN'), registration_number, risk_class, '', '', '', '', '', '', '', '', '', '', '', '',
 '', created_at, 1 FROM product WHERE registration_number <> '' OR risk_class <> ''
"""


def upgrade() -> None:
    """The table, filled with what products said of home; clocks say why their authority is asked."""
    op.create_table('registration',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('market', sa.String(length=2), nullable=False),
    sa.Column('number', sa.String(length=80), nullable=False),
    sa.Column('risk_class', sa.String(length=20), nullable=False),
    sa.Column('holder_id', sa.String(length=32), nullable=True),
    sa.Column('manufacturer_id', sa.String(length=32), nullable=True),
    sa.Column('representative_id', sa.String(length=32), nullable=True),
    sa.Column('brand', sa.String(length=200), nullable=False),
    sa.Column('common_name', sa.String(length=200), nullable=False),
    sa.Column('model', sa.String(length=120), nullable=False),
    sa.Column('specification', sa.String(length=300), nullable=False),
    sa.Column('catalogue_number', sa.String(length=80), nullable=False),
    sa.Column('udi_di', sa.String(length=40), nullable=False),
    sa.Column('basic_udi_di', sa.String(length=40), nullable=False),
    sa.Column('fda_product_code', sa.String(length=3), nullable=False),
    sa.Column('emdn', sa.String(length=20), nullable=False),
    sa.Column('gmdn', sa.String(length=10), nullable=False),
    sa.Column('category', sa.String(length=120), nullable=False),
    sa.Column('origin', sa.String(length=2), nullable=False),
    sa.Column('marketed_from', sa.Date(), nullable=True),
    sa.Column('marketed_to', sa.Date(), nullable=True),
    sa.Column('first_registered_on', sa.Date(), nullable=True),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['holder_id'], ['party.id'], name=op.f('fk_registration_holder_id_party')),
    sa.ForeignKeyConstraint(['manufacturer_id'], ['party.id'], name=op.f('fk_registration_manufacturer_id_party')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_registration_product_id_product')),
    sa.ForeignKeyConstraint(['representative_id'], ['party.id'], name=op.f('fk_registration_representative_id_party')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_registration')),
    sa.UniqueConstraint('product_id', 'market', 'number', name=op.f('uq_registration_product_id_market_number'))
    )
    op.execute(_HOME)
    op.create_table('adverse_event_decision',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('adverse_event_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=24), nullable=False),
    sa.Column('known_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.CheckConstraint("kind IN ('group_event', 'public_health_threat', 'remedial_action_needed', 'large_impact')",
                       name=op.f('ck_adverse_event_decision_kind_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'adverse_event_id', 'kind', name=op.f('pk_adverse_event_decision'))
    )
    op.create_index('ix_adverse_event_decision_adverse_event_id', 'adverse_event_decision', ['adverse_event_id'],
                    unique=False)
    for statement in append_only_sql('adverse_event_decision', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
    op.add_column('legal_clock', sa.Column('ground', sa.String(length=10), server_default='', nullable=False))
    op.create_table('vault_hold',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('placed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('placed_by', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('lifted_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('lifted_by', sa.String(length=80), nullable=True),
    sa.Column('lifted_reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vault_hold'))
    )
    op.create_index('ix_vault_hold_person_id', 'vault_hold', ['person_id'], unique=False)
    op.add_column('recall', sa.Column('extends_id', sa.String(length=32), nullable=True))
    op.add_column('legal_clock', sa.Column('is_repeating', sa.Boolean(), server_default=sa.false(), nullable=False))
