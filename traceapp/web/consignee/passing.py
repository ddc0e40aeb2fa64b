"""Where a consignee names whom it passed units on to, so that they are told too."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from traceapp.core.errors import Conflict, InvalidInput, NotFound
from traceapp.recall import answer
from traceapp.recall.passed_answer import pass_on_by_link, passed_by_link
from traceapp.recall.passing_on import PassOn
from traceapp.web.context import source_network, world
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.problems import translated

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {"consignee.passing": "public", "consignee.name_passed": "public"}


def passing(token: str) -> Response:
    """Who was named so far, and a form for another one."""
    return _page(token, {}, {})


def name_passed(token: str) -> Response:
    """Name one; it is told at once."""
    here = world()
    with here.database.write() as db:
        answer.limit_answers(db, here.clock, token, source_network())
    values = {name: request.form.get(name, "")[:300] for name in request.form}
    errors: dict[str, str] = {}
    units: dict[str, Decimal] = {}
    for place, text in values.items():
        kind, _, key = place.partition(":")
        if kind == "units" and text.strip():
            try:
                units[key] = answer.parse_units(text[:40], place=place)
            except InvalidInput as error:
                errors[place] = translated(error)
    if errors:
        return _page(token, values, errors, 422)
    command = PassOn(values.get("name", ""), units, values.get("email", ""), values.get("phone", ""), language())
    try:
        with here.database.write() as db:
            pass_on_by_link(db, here.clock, token, command, vault=here.vault)
    except InvalidInput as error:
        return _page(token, values, {error.place or "units": translated(error)}, 422)
    except Conflict as error:
        return _page(token, values, {"units": translated(error)}, 409)
    return redirect(_address("consignee.passing", token), 303)


def _address(endpoint: str, token: str) -> str:
    wish = request.args.get("lang", "")
    return url_for(endpoint, token=token) + (f"?lang={wish}" if wish in LANGUAGES else "")


def _page(token: str, values: Mapping[str, str], errors: Mapping[str, str], status: int = 200) -> Response:
    here = world()
    try:
        with here.database.read() as db:
            view = answer.notice_of_token(db, token)
            named = passed_by_link(db, token)
    except NotFound:
        with here.database.write() as db:
            answer.limit_misses(db, here.clock, source_network())
        raise
    numbers = {line.lot_key: line.number for line in view.lines}
    listed = [(None if place == "units" else place, f"{numbers[place.partition(':')[2]]} · {text}"
               if place.partition(":")[2] in numbers else text) for place, text in errors.items()]
    return make_response(render_template(
        "consignee/passing.html", view=view, named=named, numbers=numbers, values=values, errors=errors, listed=listed,
        tongue=language(), action=_address("consignee.name_passed", token),
        back=_address("consignee.notice", token)), status)


ROUTES: tuple[tuple[str, str, Callable[..., Any], tuple[str, ...]], ...] = (
    ("/r/<token>/passed-on", "passing", passing, ("GET",)),
    ("/r/<token>/passed-on", "name_passed", name_passed, ("POST",)))
