"""Health, readiness, metrics, request numbers and access logs without personal data."""
from __future__ import annotations

import ipaddress
import re
import secrets
import time
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, g, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from traceapp.core.errors import NotSignedIn
from traceapp.outbox.model import MessageState, OutboxMessage
from traceapp.web.context import actor, source_address, world
from traceapp.worklist.model import Task, TaskState, WorkRow

blueprint = Blueprint("operations", __name__)
log = structlog.get_logger()
registry = CollectorRegistry()
REQUESTS = Counter("traceapp_requests_total", "Requests by endpoint and status", ["endpoint", "status"],
                   registry=registry)
SECONDS = Histogram("traceapp_request_seconds", "Time to answer by endpoint", ["endpoint"], registry=registry,
                    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10))
OPEN_TASKS = Gauge("traceapp_open_tasks", "Tasks that wait", registry=registry)
LATE_TASKS = Gauge("traceapp_late_tasks", "Tasks past their due time", registry=registry)
WAITING_WORK = Gauge("traceapp_waiting_work", "Work rows not done yet", registry=registry)
WAITING_MESSAGES = Gauge("traceapp_waiting_messages", "Messages not sent yet", registry=registry)
_FORWARDED = ("forwarded", "via", "x-real-ip")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


def install(app: Flask) -> None:
    """Number every request, time it, log it: method, endpoint, status, role; no address, no query, no path value."""

    @app.before_request
    def begin() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        g.began = time.perf_counter()

    @app.after_request
    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        seconds = time.perf_counter() - g.get("began", time.perf_counter())
        REQUESTS.labels(endpoint, str(response.status_code)).inc()
        SECONDS.labels(endpoint).observe(seconds)
        response.headers.setdefault("X-Request-ID", g.get("request_id", "-"))
        if response.status_code >= 500 or request.method not in ("GET", "HEAD"):
            log.info("request", method=request.method, endpoint=endpoint, status=response.status_code,
                     ms=round(seconds * 1000, 1), role=actor().role, request_id=g.get("request_id"))
        return response


@blueprint.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """The database answers and has the tables that this version needs."""
    found: dict[str, Any] = {"database": "ok"}
    status = 200
    try:
        with world().database.reading() as connection:
            connection.execute(text("SELECT 1 FROM audit_head WHERE 1 = 0"))
    except SQLAlchemyError as error:
        found["database"], status = f"does not answer: {type(error).__name__}", 503
    answer = jsonify(found)
    answer.status_code = status
    return answer


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus text: requests, and what waits in the database. Raises NotSignedIn for who is elsewhere and has no
    token."""
    here = world()
    if not _is_from_this_machine() and not _has_token(here.settings.metrics_token):
        raise NotSignedIn("Metrics are told to this machine, and to others with the token of TRACEAPP_METRICS_TOKEN.")
    with here.database.read() as db:
        OPEN_TASKS.set(db.scalar(select(func.count()).where(Task.state == TaskState.open)) or 0)
        LATE_TASKS.set(db.scalar(select(func.count()).where(Task.state == TaskState.open,
                                                            Task.due_at < here.clock.now())) or 0)
        WAITING_WORK.set(db.scalar(select(func.count()).select_from(WorkRow).where(WorkRow.done_at.is_(None))) or 0)
        WAITING_MESSAGES.set(db.scalar(select(func.count()).where(OutboxMessage.state == MessageState.pending)) or 0)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _is_from_this_machine() -> bool:
    """Whether a program here asks for itself; what a proxy passes on comes from elsewhere, whoever the proxy is."""
    if any(name.lower().startswith("x-forwarded-") or name.lower() in _FORWARDED for name, _ in request.headers):
        return False
    try:
        address = ipaddress.ip_address(source_address())
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def _has_token(wanted: str) -> bool:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return bool(wanted) and scheme.lower() == "bearer" and secrets.compare_digest(
        given.strip().encode(), wanted.encode())
