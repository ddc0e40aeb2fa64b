"""What the public pages of one process keep: rendered answers, scans that wait to be stored, the maker's name."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, current_app, g

from traceapp.code.scans import ScanLog
from traceapp.web.i18n import language_links
from traceapp.world import World

from .judging import Judge
from .kept_answers import KeptAnswers
from .pages import Maker, framed, here_in_other_languages, scan_page
from .scan_pages import ScanPages

NAME = "traceapp.consumer"


@dataclass(frozen=True, slots=True)
class ConsumerState:
    """One per application. `is_file`: what it reads is a file of this machine, SQLite's."""

    pages: ScanPages
    scans: ScanLog
    judge: Judge
    maker: Maker
    answers: KeptAnswers
    is_file: bool


def install_state(app: Flask) -> ConsumerState:
    """Make the state of an application out of its world."""
    world: World = app.extensions["traceapp"]
    pages = ScanPages(world.database, world.clock, scan_page)
    scans = ScanLog(world.database, world.regions)
    state = ConsumerState(pages, scans, Judge(world, pages, scans), Maker(world.database),
                          KeptAnswers(), world.database.is_sqlite)
    app.extensions[NAME] = state
    return state


def consumer() -> ConsumerState:
    """The state of the application that answers this request."""
    found: ConsumerState = current_app.extensions[NAME]
    return found


def public_page(template: str, *, status: int = 200, same_path: bool = False, **variables: Any) -> Response:
    """A public page other than that of a lot; `same_path`: the language links keep the raw path."""
    language: str = g.language
    state = consumer()
    links = here_in_other_languages(language) if same_path else language_links()
    answer = Response(framed(template, language, links, brand=state.maker.name(language), **variables),
                      status, mimetype="text/html")
    answer.headers["Vary"] = "Accept-Language"
    return answer
