"""The machine interface under /api/v1: what the console can do, by bearer token, described in OpenAPI 3.1."""
from __future__ import annotations

from typing import Any

from flask import Flask, render_template
from flask_smorest import Api, Blueprint

from traceapp.web.permissions import PUBLIC, joined

from . import (
    accounts,
    adverse_event_decisions,
    adverse_events,
    capa_work,
    capas,
    catalog,
    causes,
    code_lists,
    cold_chain,
    complaint_clusters,
    complaint_import,
    complaint_returns,
    complaint_service,
    complaints,
    crisis,
    drifts,
    drills,
    exchange,
    expectation,
    exports,
    files,
    genealogy,
    groups,
    history,
    idempotency,
    imports,
    legal_clocks,
    links,
    lot_acts,
    lots,
    parties,
    partner_recalls,
    periodic,
    persons,
    planning,
    printing,
    promises,
    recall_books,
    recall_containers,
    recall_figures,
    recall_files,
    recall_hazards,
    recall_ledger,
    recall_notices,
    recall_phases,
    recall_scopes,
    recall_telling,
    recall_untold,
    recalls,
    received_reports,
    records,
    registrations,
    report_answers,
    reports,
    screen,
    serials,
    signals,
    silences,
    tasks,
    watching,
)
from .blueprint import Conventions
from .description import describe

MODULES = (catalog, registrations, parties, links, lots, genealogy, cold_chain, lot_acts, serials, printing, files,
           persons, complaints, complaint_clusters, complaint_import, complaint_service, complaint_returns, promises,
           accounts, adverse_event_decisions, adverse_events, capa_work, capas, causes, code_lists, crisis, drifts,
           drills, exchange, expectation, exports, groups, history, imports, legal_clocks, partner_recalls, periodic,
           planning, recall_books, recall_containers, recall_figures, recall_files, recall_hazards, recall_ledger,
           recall_notices, recall_phases, recall_scopes, recall_telling, recall_untold, recalls, received_reports,
           records, report_answers, reports, screen, signals, silences, tasks, watching)
docs = Blueprint("api_pages", __name__, url_prefix="/api", template_folder="templates")

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = joined({"api-docs.openapi_json": PUBLIC, "api_pages.read_docs": PUBLIC},
                                     *(module.PERMISSIONS for module in MODULES))


class _Api(Api):
    """flask-smorest's, with errors left to `web.problems`."""

    def _register_error_handlers(self) -> None:
        return None


@docs.get("/docs")
def read_docs() -> str:
    """The interface as a page for people, made from the same document that machines read."""
    return render_template("api/docs.html", operations=describe(_document()))


def _document() -> dict[str, Any]:
    from flask import current_app

    found: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    return found


def install(app: Flask) -> None:
    """Register every API blueprint and the OpenAPI document."""
    app.config.update(
        API_TITLE="traceapp", API_VERSION="1", OPENAPI_VERSION="3.1.0", OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": "Traceability and recall. Send a bearer token. POST takes an Idempotency-Key; a "
                     "change of something that exists needs If-Match with its ETag. Errors are RFC 9457 problem+json.",
                     "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
            "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
            "security": [{"token": []}],
        },
    )
    api = _Api(app, spec_kwargs={"extra_plugins": [Conventions()]})
    for module in MODULES:
        api.register_blueprint(module.blueprint)
    app.register_blueprint(docs)
    idempotency.install(app)
