"""What the resolver of one process holds."""
from __future__ import annotations

from flask import Flask, current_app

from traceapp.world import World

from .kept import Resolutions

NAME = "traceapp.resolver"


def install_state(app: Flask) -> Resolutions:
    """Make the state of an application out of its world."""
    world: World = app.extensions["traceapp"]
    made = Resolutions(world.database, world.clock)
    app.extensions[NAME] = made
    return made


def resolutions() -> Resolutions:
    """The state of the application that answers this request."""
    found: Resolutions = current_app.extensions[NAME]
    return found
