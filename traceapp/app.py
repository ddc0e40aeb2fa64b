"""The application: everything wired together, nothing decided."""
from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask

from traceapp.config import Settings, read_settings
from traceapp.core.clock import Clock
from traceapp.db import Database
from traceapp.logs import configure
from traceapp.web import (
    api,
    auth,
    consignee,
    console,
    consumer,
    epcis,
    headers,
    i18n,
    operations,
    page,
    problems,
    regulator,
    resolver,
)
from traceapp.web import identity as identity_pages
from traceapp.web.permissions import SHARED, joined
from traceapp.web.plain_query import PlainQuery
from traceapp.web.ui import blueprint as ui_blueprint
from traceapp.world import World, build_world


def create_app(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> Flask:
    """The WSGI application of these settings; it takes its database and clock when they are given."""
    app = make_routes()
    bind(app, build_world(settings, database=database, clock=clock))
    return app


def make_routes() -> Flask:
    """Every page, its permission and its words, of no installation yet."""
    app = Flask("traceapp", template_folder="web/templates", static_folder=None)
    app.config.update(MAX_FORM_MEMORY_SIZE=1_000_000, PERMANENT_SESSION_LIFETIME=timedelta(hours=12))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    operations.install(app)
    i18n.install(app)
    problems.install(app)
    auth.install(app, joined(SHARED, resolver.PERMISSIONS, consumer.PERMISSIONS, consignee.PERMISSIONS,
                             console.PERMISSIONS, regulator.PERMISSIONS, epcis.PERMISSIONS, api.PERMISSIONS))
    headers.install(app)
    page.install(app)
    for blueprint in (ui_blueprint, operations.blueprint, identity_pages.blueprint, resolver.blueprint,
                      consumer.blueprint, consignee.blueprint, console.blueprint, regulator.blueprint, epcis.blueprint):
        app.register_blueprint(blueprint)
    api.install(app)
    return app


def bind(app: Flask, world: World) -> None:
    """Let the routes serve this world; what they kept of another is dropped."""
    settings = world.settings
    app.extensions["traceapp"] = world
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=settings.upload_limit_bytes)
    auth.configure(app, settings)
    framework = Flask.wsgi_app.__get__(app)
    layers: Callable[..., Any] = PlainQuery(consumer.layer(app, resolver.layer(app, framework)))
    if settings.trusted_proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        count = settings.trusted_proxies
        layers = ProxyFix(layers, x_for=count, x_proto=count, x_host=count)
    app.wsgi_app = layers  # type: ignore[method-assign]


def from_environment() -> Flask:
    """The application of this process's environment; in development missing secrets are written under var."""
    configure()
    settings = read_settings()
    return create_app(settings.with_local_secrets() if settings.development else settings)
