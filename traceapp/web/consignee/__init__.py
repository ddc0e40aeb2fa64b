"""The pages behind a consignee's link: what we recall, what they got, what they say. The link is the authority."""
from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response as AnyResponse

from traceapp.core.errors import Conflict, InvalidInput, NotFound, Problem, Stale
from traceapp.recall import answer
from traceapp.recall.answer import NoticeView
from traceapp.web.context import source_network, world
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.problems import translated

from . import passed
from .form import Filled, empty_form, fill, one_tap, shown_form

blueprint = Blueprint("consignee", __name__, template_folder="templates")

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "consignee.notice": "public",
    "consignee.answer_notice": "public",
    "consignee.done": "public",
    **passed.PERMISSIONS,
}
for rule, name, view, methods in passed.ROUTES:
    blueprint.add_url_rule(rule, name, view, methods=methods)


@blueprint.after_request
def keep_the_link(response: Response) -> Response:
    """The address is a secret: no other site and no index may learn it."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@blueprint.get("/r/<token>")
def notice(token: str) -> Response:
    """The notice with the form, or with what was answered when the recall is over."""
    here = world()
    view = _view(token)
    if view.opened_at is None and request.method == "GET":
        with here.database.write() as db:
            answer.note_opened(db, here.clock, token)
    return _page(token, view, shown_form(view))


@blueprint.post("/r/<token>")
def answer_notice(token: str) -> AnyResponse:
    """Record what was filled in; errors come back beside the fields with everything that was typed."""
    here = world()
    view = _view(token)
    with here.database.write() as db:
        answer.limit_answers(db, here.clock, token, source_network())
    is_tap = request.form.get("none") == "all"
    filled = one_tap(view, request.form) if is_tap else fill(view, request.form)
    if is_tap and not filled.lines and not view.is_closed:
        return redirect(_address("consignee.done", token), 303)  # tapped twice
    if filled.errors and not view.is_closed:
        return _page(token, view, filled, 422)
    try:
        with here.database.write() as db:
            answer.record_answer(db, here.clock, filled.command(token, _own_name(view)))
    except InvalidInput as error:
        filled.errors.update({place: gettext(text) for place, text in error.errors.items()} or
                             {error.place or "lines": translated(error)})
        return _page(token, view, filled, 422)
    except Stale as error:
        present = _view(token)
        return _page(token, present, shown_form(present) if is_tap else filled, 412, said=error)
    except Conflict as error:
        return _page(token, _view(token), empty_form(view), 409, said=error)
    return redirect(_address("consignee.done", token), 303)


@blueprint.get("/r/<token>/done")
def done(token: str) -> Response:
    """What is recorded now."""
    view = _view(token)
    return make_response(render_template("consignee/done.html", view=view, tongue=language(),
                                         notice_url=_address("consignee.notice", token)))


def _view(token: str) -> NoticeView:
    here = world()
    try:
        with here.database.read() as db:
            return answer.notice_of_token(db, token)
    except NotFound:
        with here.database.write() as db:
            answer.limit_misses(db, here.clock, source_network())
        raise


def _address(endpoint: str, token: str) -> str:
    """One of our pages in the language that was asked for in the address."""
    wish = request.args.get("lang", "")
    return url_for(endpoint, token=token) + (f"?lang={wish}" if wish in LANGUAGES else "")


def _own_name(view: NoticeView) -> str:
    """Who answers when nobody wrote a name: the consignee itself."""
    return view.consignee[language()] or view.consignee_id


def _page(token: str, view: NoticeView, filled: Filled, status: int = 200, said: Problem | None = None) -> Response:
    page = render_template("consignee/notice.html", view=view, form=filled, tongue=language(),
                           said=translated(said) if said else "", is_stale=isinstance(said, Stale),
                           action=_address("consignee.answer_notice", token))
    return make_response(page, status)
