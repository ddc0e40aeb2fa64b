"""Every table of the first version"""
from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import traceapp.db.types
from traceapp.db.append_only import append_only_sql

APPEND_ONLY = ("adverse_event_version", "audit_checkpoint", "audit_entry", "event", "export_record", "recall_signature", "signal_decision", "vault_access", "outbox_attempt")

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every table of the first version."""
    op.create_table('adverse_event',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=True),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('consignee_id', sa.String(length=32), nullable=True),
    sa.Column('person_id', sa.String(length=32), nullable=True),
    sa.Column('awareness_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('onset_on', sa.Date(), nullable=True),
    sa.Column('onset_precision', sa.String(length=8), nullable=False),
    sa.Column('age_band', sa.String(length=16), nullable=False),
    sa.Column('sex', sa.String(length=10), nullable=False),
    sa.Column('terms', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('seriousness', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('is_serious', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('causality', sa.String(length=16), nullable=False),
    sa.Column('narrative', sa.Text(), nullable=False),
    sa.Column('use_text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('master_id', sa.String(length=32), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("causality IN ('certain', 'probable', 'possible', 'unlikely', 'conditional', 'unassessable')", name=op.f('ck_adverse_event_causality_is_known')),
    sa.CheckConstraint("onset_precision IN ('day', 'month', 'year')", name=op.f('ck_adverse_event_onset_precision_is_known')),
    sa.CheckConstraint("outcome IN ('recovered', 'recovering', 'not_recovered', 'sequelae', 'fatal', 'unknown')", name=op.f('ck_adverse_event_outcome_is_known')),
    sa.CheckConstraint("state IN ('draft', 'assessed', 'closed', 'nullified')", name=op.f('ck_adverse_event_state_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_adverse_event'))
    )
    with op.batch_alter_table('adverse_event', schema=None) as batch_op:
        batch_op.create_index('ix_adverse_event_awareness', ['awareness_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_adverse_event_complaint_id'), ['complaint_id'], unique=False)
        batch_op.create_index('ix_adverse_event_id', ['id'], unique=False)
        batch_op.create_index('ix_adverse_event_product', ['product_id', 'awareness_at'], unique=False)
        batch_op.create_index('ix_adverse_event_reference', ['reference'], unique=False)

    op.create_table('adverse_event_version',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('adverse_event_id', sa.String(length=32), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('fields', traceapp.db.types.JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'adverse_event_id', 'version', name=op.f('pk_adverse_event_version')),
    info={'append_only': True}
    )
    with op.batch_alter_table('adverse_event_version', schema=None) as batch_op:
        batch_op.create_index('ix_adverse_event_version_event', ['adverse_event_id', 'version'], unique=False)

    op.create_table('app_user',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('sign_in_name', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('password_hash', sa.String(length=200), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("role IN ('operator', 'quality', 'quality_manager', 'regulator', 'administrator')", name=op.f('ck_app_user_role_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_app_user')),
    sa.UniqueConstraint('sign_in_name', name=op.f('uq_app_user_sign_in_name'))
    )
    op.create_table('attachment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('is_public', sa.Boolean(), nullable=False),
    sa.Column('added_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('added_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment'))
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index('ix_attachment_about', ['about'], unique=False)
        batch_op.create_index(batch_op.f('ix_attachment_sha256'), ['sha256'], unique=False)

    op.create_table('audit_checkpoint',
    sa.Column('number', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('heads', sa.Text(), nullable=False),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('signature', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('number', name=op.f('pk_audit_checkpoint')),
    info={'append_only': True}
    )
    op.create_table('audit_entry',
    sa.Column('stream', sa.String(length=80), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('actor_role', sa.String(length=40), nullable=False),
    sa.Column('action', sa.String(length=80), nullable=False),
    sa.Column('data', sa.Text(), nullable=False),
    sa.Column('prev_hash', sa.String(length=64), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('stream', 'seq', name=op.f('pk_audit_entry')),
    info={'append_only': True}
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_at'), ['at'], unique=False)

    op.create_table('audit_head',
    sa.Column('stream', sa.String(length=80), nullable=False),
    sa.Column('seq', sa.Integer(), nullable=False),
    sa.Column('hash', sa.String(length=64), nullable=False),
    sa.Column('checked_seq', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('stream', name=op.f('pk_audit_head'))
    )
    op.create_table('capture',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('captured_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('events', sa.Integer(), nullable=False),
    sa.Column('duplicates', sa.Integer(), nullable=False),
    sa.Column('header', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('findings', traceapp.db.types.JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_capture')),
    sa.UniqueConstraint('sha256', name=op.f('uq_capture_sha256'))
    )
    op.create_table('complaint',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('channel', sa.String(length=16), nullable=False),
    sa.Column('lot_capture', sa.String(length=10), nullable=False),
    sa.Column('lot_text', sa.String(length=200), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=True),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('consignee_id', sa.String(length=32), nullable=True),
    sa.Column('place', sa.String(length=200), nullable=False),
    sa.Column('received_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('awareness_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('happened_on', sa.Date(), nullable=True),
    sa.Column('narrative', sa.Text(), nullable=False),
    sa.Column('terms', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('affected', sa.String(length=16), nullable=False),
    sa.Column('age_band', sa.String(length=16), nullable=False),
    sa.Column('sex', sa.String(length=10), nullable=False),
    sa.Column('seriousness', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('use_text', sa.Text(), nullable=False),
    sa.Column('is_harm', sa.Boolean(), nullable=True),
    sa.Column('severity', sa.String(length=10), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('triage_result', sa.String(length=12), nullable=False),
    sa.Column('is_quarantined', sa.Boolean(), nullable=False),
    sa.Column('source_hash', sa.String(length=64), nullable=True),
    sa.Column('person_id', sa.String(length=32), nullable=True),
    sa.Column('possible_duplicate_of', sa.String(length=32), nullable=True),
    sa.Column('master_id', sa.String(length=32), nullable=True),
    sa.Column('follow_up_hash', sa.String(length=64), nullable=True),
    sa.Column('decision', sa.Text(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("channel IN ('consumer', 'telephone', 'email', 'wechat', 'hospital', 'sales', 'api', 'file_import')", name=op.f('ck_complaint_channel_is_known')),
    sa.CheckConstraint("lot_capture IN ('scan', 'typed', 'inferred', 'none')", name=op.f('ck_complaint_lot_capture_is_known')),
    sa.CheckConstraint("severity IN ('critical', 'major', 'moderate', 'minor', 'none')", name=op.f('ck_complaint_severity_is_known')),
    sa.CheckConstraint("state IN ('received', 'triaged', 'investigating', 'answered', 'closed')", name=op.f('ck_complaint_state_is_known')),
    sa.CheckConstraint("triage_result IN ('untriaged', 'complaint', 'inquiry', 'not_ours')", name=op.f('ck_complaint_triage_result_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_complaint'))
    )
    with op.batch_alter_table('complaint', schema=None) as batch_op:
        batch_op.create_index('ix_complaint_follow_up', ['follow_up_hash'], unique=False)
        batch_op.create_index('ix_complaint_id', ['id'], unique=False)
        batch_op.create_index('ix_complaint_lot_received', ['lot_key', 'received_at'], unique=False)
        batch_op.create_index('ix_complaint_person', ['person_id'], unique=False)
        batch_op.create_index('ix_complaint_product_received', ['product_id', 'received_at'], unique=False)
        batch_op.create_index('ix_complaint_received', ['received_at'], unique=False)
        batch_op.create_index('ix_complaint_reference', ['reference'], unique=False)
        batch_op.create_index('ix_complaint_source', ['source_hash'], unique=False)
        batch_op.create_index('ix_complaint_state_received', ['state', 'received_at'], unique=False)

    op.create_table('complaint_import',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('rows_taken', sa.Integer(), nullable=False),
    sa.Column('rows_refused', sa.Integer(), nullable=False),
    sa.Column('imported_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('imported_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_complaint_import'))
    )
    op.create_table('complaint_note',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=80), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('is_public', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'complaint_id', 'position', name=op.f('pk_complaint_note'))
    )
    op.create_table('detection_basis',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('rate_per_unit', sa.Float(), nullable=False),
    sa.Column('use_mean_days', sa.Float(), nullable=False),
    sa.Column('report_shape', sa.Float(), nullable=False),
    sa.Column('report_mean_days', sa.Float(), nullable=False),
    sa.Column('alpha', sa.Float(), nullable=False),
    sa.Column('minimum_events', sa.Integer(), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.Column('set_by', sa.String(length=120), nullable=False),
    sa.Column('set_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('is_default', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint('alpha > 0 AND alpha < 0.5', name=op.f('ck_detection_basis_alpha_is_small')),
    sa.CheckConstraint('minimum_events >= 1', name=op.f('ck_detection_basis_minimum_is_positive')),
    sa.CheckConstraint('rate_per_unit > 0 AND rate_per_unit < 1', name=op.f('ck_detection_basis_rate_is_a_share')),
    sa.PrimaryKeyConstraint('product_id', name=op.f('pk_detection_basis'))
    )
    op.create_table('event',
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.Text(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('action', sa.String(length=8), nullable=True),
    sa.Column('event_time', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('zone_offset', sa.String(length=6), nullable=False),
    sa.Column('recorded_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('biz_step', sa.Text(), nullable=True),
    sa.Column('disposition', sa.Text(), nullable=True),
    sa.Column('read_point', sa.Text(), nullable=True),
    sa.Column('biz_location', sa.Text(), nullable=True),
    sa.Column('hash', sa.String(length=100), nullable=False),
    sa.Column('document', sa.Text(), nullable=False),
    sa.Column('context', sa.Text(), nullable=False),
    sa.Column('capture_id', sa.String(length=32), nullable=True),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('subject_key', 'id', name=op.f('pk_event')),
    info={'append_only': True}
    )
    with op.batch_alter_table('event', schema=None) as batch_op:
        batch_op.create_index('ix_event_recorded_at', ['recorded_at'], unique=False)

    op.create_table('event_item',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.PrimaryKeyConstraint('lot_key', 'event_id', 'role', name=op.f('pk_event_item'))
    )
    op.create_table('export_record',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('actor_role', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('format', sa.String(length=8), nullable=False),
    sa.Column('filters', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('rows', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_export_record')),
    info={'append_only': True}
    )
    with op.batch_alter_table('export_record', schema=None) as batch_op:
        batch_op.create_index('ix_export_record_at', ['at'], unique=False)
        batch_op.create_index('ix_export_record_sha256', ['sha256'], unique=False)

    op.create_table('hold',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=8), nullable=False),
    sa.Column('source', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('placed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('placed_by', sa.String(length=80), nullable=False),
    sa.Column('lifted_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('lifted_by', sa.String(length=80), nullable=True),
    sa.Column('lift_reason', sa.Text(), nullable=True),
    sa.CheckConstraint("kind IN ('manual', 'recall')", name=op.f('ck_hold_kind_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_hold'))
    )
    with op.batch_alter_table('hold', schema=None) as batch_op:
        batch_op.create_index('ix_hold_source', ['source'], unique=False)

    op.create_table('idempotency_key',
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('key', sa.String(length=200), nullable=False),
    sa.Column('request_hash', sa.String(length=64), nullable=False),
    sa.Column('status', sa.Integer(), nullable=False),
    sa.Column('headers', sa.String(length=2000), nullable=False),
    sa.Column('body', sa.Text(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('actor_id', 'key', name=op.f('pk_idempotency_key'))
    )
    with op.batch_alter_table('idempotency_key', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_idempotency_key_created_at'), ['created_at'], unique=False)

    op.create_table('inspection',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('report_number', sa.String(length=80), nullable=False),
    sa.Column('laboratory', sa.String(length=200), nullable=False),
    sa.Column('inspected_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('sample_size', traceapp.db.types.Amount(), nullable=False),
    sa.Column('verdict', sa.String(length=16), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.CheckConstraint("verdict IN ('conforming', 'non_conforming')", name=op.f('ck_inspection_verdict_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_inspection'))
    )
    op.create_table('lot',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('uri', sa.String(length=2000), nullable=False),
    sa.Column('item_kind', sa.String(length=12), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=True),
    sa.Column('class_uri', sa.String(length=2000), nullable=True),
    sa.Column('number', sa.String(length=200), nullable=False),
    sa.Column('name', sa.String(length=300), nullable=False),
    sa.Column('supplier_lot_number', sa.String(length=80), nullable=False),
    sa.Column('supplier_id', sa.String(length=32), nullable=True),
    sa.Column('origin', sa.String(length=120), nullable=False),
    sa.Column('site_id', sa.String(length=32), nullable=True),
    sa.Column('started_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('made_on', sa.Date(), nullable=True),
    sa.Column('expires_on', sa.Date(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.Column('made', traceapp.db.types.Amount(), nullable=False),
    sa.Column('consumed', traceapp.db.types.Amount(), nullable=False),
    sa.Column('shipped', traceapp.db.types.Amount(), nullable=False),
    sa.Column('returned', traceapp.db.types.Amount(), nullable=False),
    sa.Column('sampled', traceapp.db.types.Amount(), nullable=False),
    sa.Column('lost', traceapp.db.types.Amount(), nullable=False),
    sa.Column('is_own', sa.Integer(), nullable=False),
    sa.Column('release_state', sa.String(length=10), nullable=False),
    sa.Column('released_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('released_by', sa.String(length=120), nullable=True),
    sa.Column('release_note', sa.Text(), nullable=False),
    sa.Column('is_on_hold', sa.Boolean(), nullable=False),
    sa.Column('is_recalled', sa.Boolean(), nullable=False),
    sa.Column('flags', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("item_kind IN ('lot', 'instance', 'container', 'class_only')", name=op.f('ck_lot_item_kind_is_known')),
    sa.CheckConstraint("release_state IN ('pending', 'released', 'rejected')", name=op.f('ck_lot_release_state_is_known')),
    sa.CheckConstraint('is_own = 0 OR made + returned - consumed - shipped - sampled - lost >= 0', name=op.f('ck_lot_own_stock_is_not_negative')),
    sa.CheckConstraint('made >= 0 AND consumed >= 0 AND shipped >= 0 AND returned >= 0 AND sampled >= 0 AND lost >= 0', name=op.f('ck_lot_sums_are_not_negative')),
    sa.PrimaryKeyConstraint('lot_key', name=op.f('pk_lot'))
    )
    with op.batch_alter_table('lot', schema=None) as batch_op:
        batch_op.create_index('ix_lot_class', ['class_uri'], unique=False)
        batch_op.create_index('ix_lot_created', ['created_at'], unique=False)
        batch_op.create_index('ix_lot_number', ['number'], unique=False)
        batch_op.create_index('ix_lot_product_made', ['product_id', 'made_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_lot_supplier_id'), ['supplier_id'], unique=False)

    op.create_table('lot_edge',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('direction', sa.String(length=4), nullable=False),
    sa.Column('other_key', sa.String(length=32), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=12), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'direction', 'other_key', 'event_id', name=op.f('pk_lot_edge'))
    )
    op.create_table('lot_position',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('holder', sa.String(length=2000), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=True),
    sa.Column('unit', sa.String(length=3), nullable=True),
    sa.Column('since', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'holder', name=op.f('pk_lot_position'))
    )
    op.create_table('master_record',
    sa.Column('capture_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('type', sa.Text(), nullable=False),
    sa.Column('uri', sa.String(length=2000), nullable=False),
    sa.Column('attributes', traceapp.db.types.JsonText(), nullable=False),
    sa.PrimaryKeyConstraint('capture_id', 'position', name=op.f('pk_master_record'))
    )
    with op.batch_alter_table('master_record', schema=None) as batch_op:
        batch_op.create_index('ix_master_record_uri', ['uri'], unique=False)

    op.create_table('outbox_message',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('recipient', sa.String(length=80), nullable=False),
    sa.Column('subject_key', sa.String(length=80), nullable=False),
    sa.Column('payload', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('message_id', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('done_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("state IN ('pending', 'sent', 'written', 'uncertain', 'failed')", name=op.f('ck_outbox_message_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_message'))
    )
    with op.batch_alter_table('outbox_message', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_outbox_message_due_at'), ['due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_message_subject_key'), ['subject_key'], unique=False)

    op.create_table('party',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name_zh', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('gln', sa.String(length=13), nullable=True),
    sa.Column('country', sa.String(length=2), nullable=False),
    sa.Column('region', sa.String(length=80), nullable=False),
    sa.Column('city', sa.String(length=80), nullable=False),
    sa.Column('address', sa.String(length=300), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party')),
    sa.UniqueConstraint('code', name=op.f('uq_party_code')),
    sa.UniqueConstraint('gln', name=op.f('uq_party_gln'))
    )
    op.create_table('product',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('name_zh', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('identity_uri', sa.String(length=300), nullable=False),
    sa.Column('unit', sa.String(length=3), nullable=False),
    sa.Column('registration_number', sa.String(length=80), nullable=False),
    sa.Column('risk_class', sa.String(length=20), nullable=False),
    sa.Column('shelf_life_days', sa.Integer(), nullable=True),
    sa.Column('storage_zh', sa.String(length=300), nullable=False),
    sa.Column('storage_en', sa.String(length=300), nullable=False),
    sa.Column('storage_min_c', traceapp.db.types.Amount(), nullable=True),
    sa.Column('storage_max_c', traceapp.db.types.Amount(), nullable=True),
    sa.Column('usage_zh', sa.String(length=2000), nullable=False),
    sa.Column('usage_en', sa.String(length=2000), nullable=False),
    sa.Column('contact_phone', sa.String(length=40), nullable=False),
    sa.Column('recipe_output', traceapp.db.types.Amount(), nullable=True),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("kind IN ('device', 'drug', 'cosmetic', 'ivd', 'material')", name=op.f('ck_product_kind_is_known')),
    sa.CheckConstraint('shelf_life_days IS NULL OR shelf_life_days > 0', name=op.f('ck_product_shelf_life_is_positive')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_product')),
    sa.UniqueConstraint('code', name=op.f('uq_product_code')),
    sa.UniqueConstraint('identity_uri', name=op.f('uq_product_identity_uri'))
    )
    op.create_table('production',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('work_order', sa.String(length=80), nullable=False),
    sa.Column('line', sa.String(length=80), nullable=False),
    sa.Column('shift', sa.String(length=80), nullable=False),
    sa.Column('equipment', sa.String(length=80), nullable=False),
    sa.Column('operator', sa.String(length=80), nullable=False),
    sa.Column('sterilisation_load', sa.String(length=80), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=False),
    sa.Column('retained_samples', traceapp.db.types.Amount(), nullable=False),
    sa.Column('made_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_production'))
    )
    with op.batch_alter_table('production', schema=None) as batch_op:
        batch_op.create_index('ix_production_work_order', ['work_order'], unique=False)

    op.create_table('rate_window',
    sa.Column('key', sa.String(length=120), nullable=False),
    sa.Column('window_start', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('count', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'window_start', name=op.f('pk_rate_window'))
    )
    op.create_table('recall',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('recall_class', sa.String(length=4), nullable=False),
    sa.Column('title_zh', sa.String(length=300), nullable=False),
    sa.Column('title_en', sa.String(length=300), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('risk_zh', sa.Text(), nullable=False),
    sa.Column('risk_en', sa.Text(), nullable=False),
    sa.Column('action_zh', sa.Text(), nullable=False),
    sa.Column('action_en', sa.Text(), nullable=False),
    sa.Column('remedy_zh', sa.Text(), nullable=False),
    sa.Column('remedy_en', sa.Text(), nullable=False),
    sa.Column('contact', sa.String(length=200), nullable=False),
    sa.Column('signal_id', sa.String(length=32), nullable=True),
    sa.Column('root_lot_key', sa.String(length=32), nullable=True),
    sa.Column('opened_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('opened_by', sa.String(length=32), nullable=False),
    sa.Column('submitted_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('submitted_by', sa.String(length=32), nullable=True),
    sa.Column('approved_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('approved_by', sa.String(length=32), nullable=True),
    sa.Column('closed_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('closing_note', sa.Text(), nullable=False),
    sa.Column('answer_by', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('scope_rule', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('scope_hash', sa.String(length=64), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("recall_class IN ('I', 'II', 'III')", name=op.f('ck_recall_recall_class_is_known')),
    sa.CheckConstraint("state IN ('draft', 'submitted', 'notifying', 'closed', 'cancelled')", name=op.f('ck_recall_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recall')),
    sa.UniqueConstraint('reference', name=op.f('uq_recall_reference'))
    )
    with op.batch_alter_table('recall', schema=None) as batch_op:
        batch_op.create_index('ix_recall_state_opened', ['state', 'opened_at'], unique=False)

    op.create_table('recall_signature',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('user_name', sa.String(length=120), nullable=False),
    sa.Column('meaning', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('signed_hash', sa.String(length=64), nullable=False),
    sa.PrimaryKeyConstraint('recall_id', 'position', name=op.f('pk_recall_signature')),
    info={'append_only': True}
    )
    op.create_table('report_draft',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('changed_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=True),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_report_draft'))
    )
    with op.batch_alter_table('report_draft', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_report_draft_changed_at'), ['changed_at'], unique=False)

    op.create_table('run_slot',
    sa.Column('job', sa.String(length=60), nullable=False),
    sa.Column('slot', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('ran_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('job', 'slot', name=op.f('pk_run_slot'))
    )
    op.create_table('scan',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('serial', sa.String(length=20), nullable=True),
    sa.Column('scanned_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('network', sa.String(length=50), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_scan'))
    )
    with op.batch_alter_table('scan', schema=None) as batch_op:
        batch_op.create_index('ix_scan_scanned_at', ['scanned_at'], unique=False)

    op.create_table('scan_count',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('scans', sa.Integer(), nullable=False),
    sa.Column('first_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', name=op.f('pk_scan_count'))
    )
    op.create_table('scheduler_lease',
    sa.Column('name', sa.String(length=40), nullable=False),
    sa.Column('holder', sa.String(length=80), nullable=False),
    sa.Column('until', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_scheduler_lease'))
    )
    op.create_table('seen_event',
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('subject_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_seen_event'))
    )
    op.create_table('shipment',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('document_number', sa.String(length=80), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('from_site_id', sa.String(length=32), nullable=True),
    sa.Column('carrier_id', sa.String(length=32), nullable=True),
    sa.Column('lane', sa.String(length=80), nullable=False),
    sa.Column('shipped_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_shipment'))
    )
    with op.batch_alter_table('shipment', schema=None) as batch_op:
        batch_op.create_index('ix_shipment_consignee', ['consignee_id', 'shipped_at'], unique=False)

    op.create_table('shipment_line',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('shipment_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('shipped_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('gtin', sa.String(length=14), nullable=True),
    sa.Column('packs', traceapp.db.types.Amount(), nullable=False),
    sa.Column('units', traceapp.db.types.Amount(), nullable=False),
    sa.Column('event_id', sa.String(length=32), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'shipment_id', 'position', name=op.f('pk_shipment_line'))
    )
    with op.batch_alter_table('shipment_line', schema=None) as batch_op:
        batch_op.create_index('ix_shipment_line_consignee', ['consignee_id', 'shipped_at'], unique=False)

    op.create_table('signal',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('reference', sa.String(length=20), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('method', sa.String(length=24), nullable=False),
    sa.Column('opened_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('observed', sa.Integer(), nullable=False),
    sa.Column('expected', sa.Float(), nullable=False),
    sa.Column('llr', sa.Float(), nullable=False),
    sa.Column('critical', sa.Float(), nullable=False),
    sa.Column('evidence', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('assignee_id', sa.String(length=32), nullable=True),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.CheckConstraint("state IN ('open', 'validated', 'refuted', 'confirmed', 'closed')", name=op.f('ck_signal_state_is_known')),
    sa.PrimaryKeyConstraint('lot_key', 'id', name=op.f('pk_signal'))
    )
    with op.batch_alter_table('signal', schema=None) as batch_op:
        batch_op.create_index('ix_signal_id', ['id'], unique=False)
        batch_op.create_index('ix_signal_state_opened', ['state', 'opened_at'], unique=False)

    op.create_table('signal_decision',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('signal_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('action', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('by', sa.String(length=120), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'signal_id', 'position', name=op.f('pk_signal_decision')),
    info={'append_only': True}
    )
    op.create_table('stored_file',
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('media_type', sa.String(length=60), nullable=False),
    sa.Column('size_bytes', sa.Integer(), nullable=False),
    sa.Column('stored_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('sha256', name=op.f('pk_stored_file'))
    )
    op.create_table('submitted_form',
    sa.Column('key_hash', sa.String(length=64), nullable=False),
    sa.Column('complaint_id', sa.String(length=32), nullable=False),
    sa.Column('submitted_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('key_hash', name=op.f('pk_submitted_form'))
    )
    with op.batch_alter_table('submitted_form', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_submitted_form_submitted_at'), ['submitted_at'], unique=False)

    op.create_table('task',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=60), nullable=False),
    sa.Column('about', sa.String(length=120), nullable=False),
    sa.Column('lot_key', sa.String(length=32), nullable=True),
    sa.Column('params', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.Column('assignee_id', sa.String(length=32), nullable=True),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('due_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('done_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('done_by', sa.String(length=80), nullable=True),
    sa.Column('outcome', sa.Text(), nullable=True),
    sa.CheckConstraint("state IN ('open', 'done', 'dropped')", name=op.f('ck_task_state_is_known')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task'))
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_about'), ['about'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_assignee_id'), ['assignee_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_lot_key'), ['lot_key'], unique=False)
        batch_op.create_index('ix_task_state_due_at', ['state', 'due_at'], unique=False)
        batch_op.create_index('uq_task_open_duty', ['about', 'kind'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('test_result',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('inspection_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name_zh', sa.String(length=120), nullable=False),
    sa.Column('name_en', sa.String(length=120), nullable=False),
    sa.Column('unit', sa.String(length=20), nullable=False),
    sa.Column('value', traceapp.db.types.Amount(), nullable=True),
    sa.Column('lower', traceapp.db.types.Amount(), nullable=True),
    sa.Column('upper', traceapp.db.types.Amount(), nullable=True),
    sa.Column('text', sa.String(length=200), nullable=False),
    sa.Column('expected_text', sa.String(length=200), nullable=False),
    sa.Column('is_within', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('lot_key', 'inspection_id', 'position', name=op.f('pk_test_result'))
    )
    op.create_table('used_challenge',
    sa.Column('challenge', sa.String(length=100), nullable=False),
    sa.Column('used_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.PrimaryKeyConstraint('challenge', name=op.f('pk_used_challenge'))
    )
    with op.batch_alter_table('used_challenge', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_used_challenge_used_at'), ['used_at'], unique=False)

    op.create_table('vault_access',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('person_id', sa.String(length=32), nullable=False),
    sa.Column('actor_id', sa.String(length=80), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vault_access')),
    info={'append_only': True}
    )
    with op.batch_alter_table('vault_access', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_vault_access_person_id'), ['person_id'], unique=False)

    op.create_table('vault_person',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('key_id', sa.String(length=16), nullable=False),
    sa.Column('sealed', sa.Text(), nullable=True),
    sa.Column('contact_hash', sa.String(length=64), nullable=True),
    sa.Column('is_minor', sa.Boolean(), nullable=False),
    sa.Column('has_guardian', sa.Boolean(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('erased_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_vault_person'))
    )
    with op.batch_alter_table('vault_person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_vault_person_contact_hash'), ['contact_hash'], unique=False)

    op.create_table('work_row',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('kind', sa.String(length=40), nullable=False),
    sa.Column('subject_key', sa.String(length=80), nullable=False),
    sa.Column('payload', traceapp.db.types.JsonText(), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('lease_until', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('error', sa.Text(), nullable=True),
    sa.Column('done_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_work_row'))
    )
    with op.batch_alter_table('work_row', schema=None) as batch_op:
        batch_op.create_index('ix_work_row_kind_done_at', ['kind', 'done_at'], unique=False)
        batch_op.create_index('ix_work_row_open', ['kind', 'id'], unique=False, sqlite_where=sa.text('done_at IS NULL'), postgresql_where=sa.text('done_at IS NULL'))

    op.create_table('api_token',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('prefix', sa.String(length=16), nullable=False),
    sa.Column('secret_hash', sa.String(length=64), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('scopes', sa.String(length=400), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('expires_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('revoked_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_api_token_user_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_api_token')),
    sa.UniqueConstraint('prefix', name=op.f('uq_api_token_prefix'))
    )
    with op.batch_alter_table('api_token', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_api_token_user_id'), ['user_id'], unique=False)

    op.create_table('notice',
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('sealed_token', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('queued_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('sent_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('opened_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('reminders', sa.Integer(), nullable=False),
    sa.Column('reminded_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.CheckConstraint("state IN ('queued', 'sent', 'not_sent', 'uncertain', 'answered')", name=op.f('ck_notice_state_is_known')),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_notice_recall_id')),
    sa.PrimaryKeyConstraint('recall_id', 'consignee_id', name=op.f('pk_notice'))
    )
    with op.batch_alter_table('notice', schema=None) as batch_op:
        batch_op.create_index('ix_notice_token', ['token_hash'], unique=False)

    op.create_table('outbox_attempt',
    sa.Column('message_id', sa.String(length=32), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('outcome', sa.String(length=16), nullable=False),
    sa.Column('detail', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['message_id'], ['outbox_message.id'], name=op.f('fk_outbox_attempt_message_id')),
    sa.PrimaryKeyConstraint('message_id', 'number', name=op.f('pk_outbox_attempt')),
    info={'append_only': True}
    )
    op.create_table('packaging_level',
    sa.Column('gtin', sa.String(length=14), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('level', sa.String(length=8), nullable=False),
    sa.Column('units', traceapp.db.types.Amount(), nullable=False),
    sa.CheckConstraint("level IN ('unit', 'inner', 'case', 'pallet')", name=op.f('ck_packaging_level_level_is_known')),
    sa.CheckConstraint('units > 0', name=op.f('ck_packaging_level_units_is_positive')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_packaging_level_product_id')),
    sa.PrimaryKeyConstraint('gtin', name=op.f('pk_packaging_level'))
    )
    with op.batch_alter_table('packaging_level', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_packaging_level_product_id'), ['product_id'], unique=False)

    op.create_table('party_contact',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('party_id', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('duty', sa.String(length=120), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('phone', sa.String(length=40), nullable=False),
    sa.Column('language', sa.String(length=8), nullable=False),
    sa.Column('gets_recalls', sa.Boolean(), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_party_contact_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_party_contact'))
    )
    with op.batch_alter_table('party_contact', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_party_contact_party_id'), ['party_id'], unique=False)

    op.create_table('party_role',
    sa.Column('party_id', sa.String(length=32), nullable=False),
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('role', sa.String(length=24), nullable=False),
    sa.CheckConstraint("role IN ('registrant', 'brand_owner', 'contract_manufacturer', 'importer', 'representative', 'distributor', 'user_facility', 'supplier', 'carrier', 'authority')", name=op.f('ck_party_role_role_is_known')),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_party_role_party_id')),
    sa.PrimaryKeyConstraint('party_id', 'product_id', 'role', name=op.f('pk_party_role'))
    )
    op.create_table('recall_ledger',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('consignee_id', sa.String(length=32), nullable=False),
    sa.Column('shipped', traceapp.db.types.Amount(), nullable=False),
    sa.Column('received', traceapp.db.types.Amount(), nullable=True),
    sa.Column('on_hand', traceapp.db.types.Amount(), nullable=True),
    sa.Column('used', traceapp.db.types.Amount(), nullable=True),
    sa.Column('returned', traceapp.db.types.Amount(), nullable=True),
    sa.Column('answered_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('answered_by', sa.String(length=200), nullable=False),
    sa.Column('explanation', sa.Text(), nullable=False),
    sa.Column('settled_at', traceapp.db.types.UtcTime(), nullable=True),
    sa.Column('settled_by', sa.String(length=80), nullable=True),
    sa.Column('settled_reason', sa.Text(), nullable=False),
    sa.CheckConstraint('on_hand IS NULL OR (on_hand >= 0 AND used >= 0 AND returned >= 0 AND received >= 0)', name=op.f('ck_recall_ledger_answers_are_not_negative')),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_ledger_recall_id')),
    sa.PrimaryKeyConstraint('lot_key', 'recall_id', 'consignee_id', name=op.f('pk_recall_ledger'))
    )
    with op.batch_alter_table('recall_ledger', schema=None) as batch_op:
        batch_op.create_index('ix_recall_ledger_recall', ['recall_id', 'consignee_id'], unique=False)

    op.create_table('recall_lot',
    sa.Column('lot_key', sa.String(length=32), nullable=False),
    sa.Column('recall_id', sa.String(length=32), nullable=False),
    sa.Column('path', sa.Text(), nullable=False),
    sa.Column('made', traceapp.db.types.Amount(), nullable=False),
    sa.Column('in_stock', traceapp.db.types.Amount(), nullable=False),
    sa.Column('shipped', traceapp.db.types.Amount(), nullable=False),
    sa.ForeignKeyConstraint(['recall_id'], ['recall.id'], name=op.f('fk_recall_lot_recall_id')),
    sa.PrimaryKeyConstraint('lot_key', 'recall_id', name=op.f('pk_recall_lot'))
    )
    with op.batch_alter_table('recall_lot', schema=None) as batch_op:
        batch_op.create_index('ix_recall_lot_recall', ['recall_id'], unique=False)

    op.create_table('recipe_line',
    sa.Column('product_id', sa.String(length=32), nullable=False),
    sa.Column('material_id', sa.String(length=32), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('quantity', traceapp.db.types.Amount(), nullable=False),
    sa.Column('loss', traceapp.db.types.Amount(), nullable=False),
    sa.CheckConstraint('loss >= 0 AND loss < 1000000', name=op.f('ck_recipe_line_loss_is_a_share')),
    sa.CheckConstraint('quantity > 0', name=op.f('ck_recipe_line_quantity_is_positive')),
    sa.ForeignKeyConstraint(['material_id'], ['product.id'], name=op.f('fk_recipe_line_material_id')),
    sa.ForeignKeyConstraint(['product_id'], ['product.id'], name=op.f('fk_recipe_line_product_id')),
    sa.PrimaryKeyConstraint('product_id', 'material_id', name=op.f('pk_recipe_line'))
    )
    op.create_table('site',
    sa.Column('id', sa.String(length=32), nullable=False),
    sa.Column('party_id', sa.String(length=32), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('name_zh', sa.String(length=200), nullable=False),
    sa.Column('name_en', sa.String(length=200), nullable=False),
    sa.Column('gln', sa.String(length=13), nullable=True),
    sa.Column('time_zone', sa.String(length=60), nullable=False),
    sa.Column('city', sa.String(length=80), nullable=False),
    sa.Column('is_own', sa.Boolean(), nullable=False),
    sa.Column('revision', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['party_id'], ['party.id'], name=op.f('fk_site_party_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_site')),
    sa.UniqueConstraint('code', name=op.f('uq_site_code')),
    sa.UniqueConstraint('gln', name=op.f('uq_site_gln'))
    )
    with op.batch_alter_table('site', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_site_party_id'), ['party_id'], unique=False)

    op.create_table('user_session',
    sa.Column('token_hash', sa.String(length=64), nullable=False),
    sa.Column('user_id', sa.String(length=32), nullable=False),
    sa.Column('created_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('seen_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.Column('expires_at', traceapp.db.types.UtcTime(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['app_user.id'], name=op.f('fk_user_session_user_id')),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_user_session'))
    )
    with op.batch_alter_table('user_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_session_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_session_user_id'), ['user_id'], unique=False)
    dialect = op.get_bind().dialect.name
    for table in APPEND_ONLY:
        for statement in append_only_sql(table, dialect):
            op.execute(sa.text(statement.replace(":", "\\:")))
