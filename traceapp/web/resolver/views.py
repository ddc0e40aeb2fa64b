"""The codes themselves: where they lead, what they lead to, and in words what is wrong with them."""
from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from flask import Response, g, request

from traceapp.code.selection import Level, selected
from traceapp.core.errors import NotFound, Problem
from traceapp.gs1 import Gs1Error
from traceapp.web.at_once import is_same, without_content
from traceapp.web.context import world
from traceapp.web.cors import PREFLIGHT
from traceapp.web.problems import render

from . import pages
from .answers import CHOICES, Answer, answered, links
from .asking import HTML, Asked, asked
from .kept import Kept, UnsupportedKey
from .state import resolutions


def resolve(rest: str) -> Response:
    """The answer to a code."""
    wanted = asked(request.environ, world().settings.base_url)
    g.language = wanted.language
    try:
        kept = resolutions().of(wanted.code)
    except Gs1Error as error:
        return _refused(error, wanted, 400)
    except UnsupportedKey as error:
        return _refused(error, wanted, 404)
    if kept is None:
        return _unknown(wanted)
    answer = answered(resolutions(), kept, wanted)
    return _shown(kept, wanted) if answer is None else _sent(answer)


def preflight(rest: str = "") -> Response:
    """What other sites' scripts may ask, and where all links of a code are."""
    answer = Response(status=200, headers=list(PREFLIGHT))
    wanted = asked(request.environ, world().settings.base_url)
    with suppress(Gs1Error, UnsupportedKey):
        answer.headers["Link"] = links(resolutions().thing(wanted.code).path, wanted)
    return answer


def _sent(answer: Answer) -> Response:
    if is_same(request.headers.get("If-None-Match", ""), answer.etag):
        return Response(status=304, headers=without_content(answer.headers))
    found = Response(answer.body, answer.status, answer.headers)
    if not answer.body:
        del found.headers["Content-Type"]
    return found


def _shown(kept: Kept, wanted: Asked) -> Response:
    """A page for people: every link, those to choose among, or what there is instead of what was asked for."""
    levels = resolutions().resolution(kept).levels
    if wanted.wants_set:
        answer = pages.all_links(levels, wanted)
    else:
        found = selected(levels, wanted.wish)
        if found:
            answer = pages.some_links(levels, wanted, found)
            answer.status_code = CHOICES
        else:
            answer = _no_such_link(levels, wanted)
    answer.headers["Link"] = links(kept.thing.path, wanted)
    return answer


def _no_such_link(levels: Sequence[Level], wanted: Asked) -> Response:
    if wanted.form == HTML:
        answer = pages.all_links(levels, wanted, is_missing=True)
        answer.status_code = 404
        return answer
    return render(NotFound("This code has no link of the type that was asked for.", code="no-such-link",
                           place="linkType"), is_json=True)


def _refused(problem: Problem, wanted: Asked, status: int) -> Response:
    """A malformed code, or one of a kind that is not held here; never 200."""
    problem.status = status
    if wanted.form != HTML:
        return render(problem, is_json=True)
    answer = pages.wrong_code(problem, wanted)
    answer.status_code = status
    return answer


def _unknown(wanted: Asked) -> Response:
    if wanted.form == HTML:
        answer = pages.unknown(resolutions().thing(wanted.code), wanted)
        answer.status_code = 404
        return answer
    return render(NotFound("Nothing is registered for this code.", code="unknown-code"), is_json=True)
