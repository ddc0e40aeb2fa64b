"""The EPCIS interface"""
from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql
from traceapp.epcis import event_from, load_json
from traceapp.trace.terms import rows_of, terms_of

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

_CHUNK = 500
_EVENT = sa.table('event', sa.column('subject_key'), sa.column('id'), sa.column('document'), sa.column('context'),
                  sa.column('event_time', traceapp.db.types.UtcTime()))


def upgrade() -> None:
    """What events can be found by, worked out from the events that are there; capture jobs."""
    op.create_table('event_term',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('key', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('value', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('name', 'key', 'at', 'event_id', name=op.f('pk_event_term'))
    )
    op.create_table('capture_job',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('finished_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('behaviour', sa.String(length=8), nullable=False),
    sa.Column('capture_id', sa.String(length=32), nullable=True),
    sa.Column('errors', traceapp.db.types.JsonText(), nullable=False),
    sa.CheckConstraint("behaviour IN ('rollback', 'proceed')", name=op.f('ck_capture_job_behaviour_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capture_job'))
    )
    for statement in append_only_sql('capture_job', op.get_bind().dialect.name):
        op.execute(sa.text(statement.replace(':', '\\:')))
    op.drop_index('ix_event_recorded_at', table_name='event')
    op.create_index('ix_event_recorded_at', 'event', ['recorded_at', 'id'], unique=False)
    op.create_index('ix_event_time', 'event', ['event_time', 'id'], unique=False)
    op.create_index('ix_event_id', 'event', ['id'], unique=False)
    op.create_index('ix_event_capture', 'event', ['capture_id', 'id'], unique=False)
    _make_queries()
    _find_terms(op.get_bind())
    op.create_index('ix_event_term_event', 'event_term', ['event_id'], unique=False)


def _make_queries() -> None:
    op.create_table('epcis_query',
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('parameters', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_epcis_query'))
    )
    op.create_table('epcis_subscription',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('query_name', sa.String(length=120), nullable=False),
    sa.Column('dest', sa.String(length=2000), nullable=False),
    sa.Column('sealed_secret', sa.Text(), nullable=False),
    sa.Column('schedule', traceapp.db.types.JsonText(), nullable=True),
    sa.Column('reports_if_empty', sa.Boolean(), nullable=False),
    sa.Column('initial_record_time', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('next_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('last_notified_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_by', sa.String(length=80), nullable=False),
    sa.ForeignKeyConstraint(['query_name'], ['epcis_query.name'], name=op.f('fk_epcis_subscription_query_name')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_epcis_subscription'))
    )
    op.create_index('ix_epcis_subscription_query_name', 'epcis_subscription', ['query_name'], unique=False)
    op.create_index('ix_epcis_subscription_next_at', 'epcis_subscription', ['next_at'], unique=False)
    op.create_table('epcis_gathered',
    sa.Column('subscription_id', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.ForeignKeyConstraint(['subscription_id'], ['epcis_subscription.id'],
                            name=op.f('fk_epcis_gathered_subscription_id')),
    sa.PrimaryKeyConstraint('subscription_id', 'event_id', name=op.f('pk_epcis_gathered'))
    )


def _find_terms(connection: sa.Connection) -> None:
    table = sa.table('event_term', sa.column('at', traceapp.db.types.UtcTime()), *[
        sa.column(name) for name in ('name', 'key', 'event_id', 'subject_key', 'value')])
    last = ''
    while events := connection.execute(
            sa.select(_EVENT).where(_EVENT.c.id > last).order_by(_EVENT.c.id).limit(_CHUNK)).all():
        rows = [row for event in events for row in rows_of(
            (event.id, event.subject_key, event.event_time),
            terms_of(event_from(load_json(event.document), json.loads(event.context))))]
        if rows:
            connection.execute(sa.insert(table), rows)
        last = events[-1].id
