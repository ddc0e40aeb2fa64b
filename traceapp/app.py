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
    importing,
    operations,
    page,
    problems,
    regulator,
    resolver,
)
from traceapp.web import identity as identity_pages
from traceapp.web.at_once import AtOnce, first_of
from traceapp.web.permissions import SHARED, joined
from traceapp.web.plain_query import PlainQuery
from traceapp.web.ui import blueprint as ui_blueprint
from traceapp.world import World, build_world


class Application(Flask):
    """Flask, and what it answers at once (see `traceapp.web.at_once`)."""

    at_once: AtOnce


def create_app(settings: Settings, *, database: Database | None = None, clock: Clock | None = None) -> Application:
    """The WSGI application of these settings; it takes its database and clock when they are given."""
    app = make_routes()
    bind(app, build_world(settings, database=database, clock=clock))
    return app


def make_routes() -> Application:
    """Every page, its permission and its words, of no installation yet."""
    app = Application("traceapp", template_folder="web/templates", static_folder=None)
    app.config.update(MAX_FORM_MEMORY_SIZE=1_000_000, PERMANENT_SESSION_LIFETIME=timedelta(hours=12))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    operations.install(app)
    i18n.install(app)
    problems.install(app)
    importing.install(app)
    auth.install(app, joined(SHARED, resolver.PERMISSIONS, consumer.PERMISSIONS, consignee.PERMISSIONS,
                             console.PERMISSIONS, regulator.PERMISSIONS, epcis.PERMISSIONS, api.PERMISSIONS))
    headers.install(app)
    page.install(app)
    for blueprint in (ui_blueprint, operations.blueprint, identity_pages.blueprint, resolver.blueprint,
                      consumer.blueprint, consignee.blueprint, console.blueprint, regulator.blueprint, epcis.blueprint):
        app.register_blueprint(blueprint)
    api.install(app)
    return app


def bind(app: Application, world: World) -> None:
    """Let the routes serve this world; what they kept of another is dropped."""
    settings = world.settings
    app.extensions["traceapp"] = world
    app.config.update(SECRET_KEY=settings.secret_key, MAX_CONTENT_LENGTH=settings.upload_limit_bytes)
    auth.configure(app, settings)
    codes = resolver.layer(app, Flask.wsgi_app.__get__(app))
    pages = consumer.layer(app, codes)

    def around(within: Callable[..., Any]) -> Callable[..., Any]:
        """What every request passes first."""
        layers: Callable[..., Any] = PlainQuery(within)
        if settings.trusted_proxies:
            from werkzeug.middleware.proxy_fix import ProxyFix

            count = settings.trusted_proxies
            layers = ProxyFix(layers, x_for=count, x_proto=count, x_host=count)
        return layers

    app.wsgi_app = around(pages)  # type: ignore[method-assign]
    at_once, passed = first_of(pages.at_once, codes.at_once), around(lambda environ, _: environ)
    app.at_once = lambda environ: at_once(passed(environ.copy(), None))


def from_environment() -> Application:
    """The application of this process's environment; in development missing secrets are written under var."""
    configure()
    settings = read_settings()
    return create_app(settings.with_local_secrets() if settings.development else settings)
