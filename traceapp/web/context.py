"""What a view may ask for: the world, who is acting, in which language."""
from __future__ import annotations

from flask import current_app, g, request

from traceapp.core.actor import PUBLIC, Actor
from traceapp.core.errors import NotSignedIn
from traceapp.core.networks import network_of
from traceapp.world import World


def world() -> World:
    """The settings, database, clock, vault and files of this application."""
    found: World = current_app.extensions["traceapp"]
    return found


def actor() -> Actor:
    """Who is acting: a signed-in person, a token's owner, or the public."""
    found: Actor = g.get("actor", PUBLIC)
    return found


def signed_in() -> Actor:
    """Who is signed in. Raises NotSignedIn when nobody is."""
    found = actor()
    if found.role == PUBLIC.role:
        raise NotSignedIn("Please sign in.")
    return found


def source_address() -> str:
    """The address that the request came from; proxies count only as far as the settings trust them."""
    return request.remote_addr or "unknown"


def source_network() -> str:
    """The network that the request came from: what limits count and what may be kept of an address."""
    return network_of(source_address()) or "unknown"
