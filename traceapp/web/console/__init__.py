"""The pages of quality staff. One module a subject; each brings its views and their permissions."""
from __future__ import annotations

from traceapp.web.permissions import joined

from . import (
    account,
    accounts,
    adverse_event_decisions,
    adverse_events,
    capas,
    cause_sample,
    code_lists,
    complaints,
    crisis,
    drifts,
    duty,
    erasing,
    exchange,
    excursions,
    expected,
    files,
    gallery,
    gaps,
    group_rule,
    groups,
    imports,
    labels,
    legal_clocks,
    links,
    lot_acts,
    lot_disposal,
    lot_forms,
    lot_labels,
    lot_production,
    lot_serials,
    lot_shipping,
    lots,
    own_account,
    partners,
    persons,
    print_jobs,
    products,
    promises,
    recall_files,
    recall_partner,
    recalls,
    records,
    registrations,
    reports,
    search,
    signal_basis,
    signal_case,
    signal_planning,
    signal_screen,
    signal_terms,
    signals,
    subscriptions,
    today,
    traces,
    watching,
)
from .layout import blueprint

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined(*(module.PERMISSIONS for module in (
    account, accounts, adverse_event_decisions, adverse_events, capas, cause_sample, code_lists, complaints, crisis,
    drifts, duty, erasing, exchange, excursions, expected, files, gallery, gaps, group_rule, groups, imports, labels,
    legal_clocks, links, lot_acts, lot_disposal, lot_forms, lot_labels, lot_production, lot_serials, lot_shipping, lots,
    own_account, partners, persons, print_jobs, products, promises, recall_files, recall_partner, recalls, records,
    registrations, reports, search, signal_basis, signal_case, signal_planning, signal_screen, signal_terms, signals,
    subscriptions, today, traces, watching)))

__all__ = ["PERMISSIONS", "blueprint"]
