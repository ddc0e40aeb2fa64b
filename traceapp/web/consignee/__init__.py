"""The pages behind a consignee's link: what we recall, what they got, what they say. The link is the authority."""
from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from traceapp.attachment.service import attachment
from traceapp.core.errors import InvalidInput, NotFound, Problem, Stale, TooLarge, TooMany
from traceapp.recall import answer, answer_limits
from traceapp.recall.answer import NoticeView
from traceapp.recall.proofs import keep_proof
from traceapp.web.context import source_network, world
from traceapp.web.files import shown_file
from traceapp.web.i18n import LANGUAGES, language
from traceapp.web.problems import translated
from traceapp.web.receivers import shown_place, with_named

from . import passed
from .form import FURTHER, Filled, fill, one_tap, shown_form
from .sent_file import keep_sent_file, too_large

blueprint = Blueprint("consignee", __name__, template_folder="templates")

# endpoint -> permission (see traceapp.web.permissions)
PERMISSIONS: dict[str, str] = {
    "consignee.notice": "public",
    "consignee.answer_notice": "public",
    "consignee.done": "public",
    **passed.PERMISSIONS,
    "consignee.proof": "public",
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
        answer_limits.limit_answers(db, here.clock, token, source_network())
    try:
        is_tap = request.form.get("none") == "all"
    except RequestEntityTooLarge:
        return _page(token, view, _refused_file(view, too_large()), 413)
    filled = one_tap(view, request.form) if is_tap else fill(view, request.form)
    if request.form.get("more"):
        filled.errors.clear()
        return _page(token, view, filled)
    if is_tap and not filled.lines:
        return redirect(_address("consignee.done", token), 303)  # tapped twice
    try:
        keep_sent_file(token, keep_proof)
    except (InvalidInput, TooLarge, TooMany) as error:
        filled.errors["proof"] = translated(error)
    if filled.errors:
        return _refused(token, filled)
    return _recorded(token, view, filled, is_tap)


def _recorded(token: str, view: NoticeView, filled: Filled, is_tap: bool) -> AnyResponse:
    here = world()
    try:
        with here.database.write() as db:
            answer.record_answer(db, here.clock, filled.command(token, _own_name(view)), vault=here.vault)
    except InvalidInput as error:
        filled.errors.update({shown_place(place): gettext(text) for place, text in error.errors.items()} or
                             {error.place or "lines": translated(error)})
        return _refused(token, filled)
    except Stale as error:
        present = _view(token)
        return _outdated(token, present, shown_form(present) if is_tap else filled, error)
    return redirect(_address("consignee.done", token), 303)


def _refused(token: str, filled: Filled) -> Response:
    """The form with its faults; an old one beside what a colleague answered since, which would be lost otherwise."""
    present = _view(token)
    if filled.seen is None or filled.seen == present.answers:
        return _page(token, present, filled, 422)
    filled.errors.pop("explanation", None)  # whether one is needed depends on what the colleague said
    return _outdated(token, present, filled, answer.answered_meanwhile())


def _outdated(token: str, present: NoticeView, filled: Filled, error: Stale) -> Response:
    filled.receivers = with_named(filled.receivers, present.named)
    return _page(token, present, filled, 412, said=error)


def _refused_file(view: NoticeView, error: Problem) -> Filled:
    filled = shown_form(view)
    filled.errors["proof"] = translated(error)
    return filled


@blueprint.get("/r/<token>/files/<attachment_id>")
def proof(token: str, attachment_id: str) -> Response:
    """A file that was sent behind this link."""
    view = _view(token)
    if attachment_id not in {one.id for one in view.files}:
        raise NotFound("There is no such file.")
    with world().database.read() as db:
        return shown_file(*attachment(db, attachment_id))


@blueprint.get("/r/<token>/done")
def done(token: str) -> Response:
    """What is recorded now."""
    view = _view(token)
    return make_response(render_template("consignee/done.html", view=view, tongue=language(),
                                         file_url=lambda key: url_for("consignee.proof", token=token,
                                                                      attachment_id=key),
                                         notice_url=_address("consignee.notice", token)))


def _view(token: str) -> NoticeView:
    here = world()
    try:
        with here.database.read() as db:
            return answer.notice_of_token(db, token)
    except NotFound:
        with here.database.write() as db:
            answer_limits.limit_misses(db, here.clock, source_network())
        raise


def _address(endpoint: str, token: str) -> str:
    """One of our pages in the language that was asked for in the address."""
    wish = request.args.get("lang", "")
    return url_for(endpoint, token=token) + (f"?lang={wish}" if wish in LANGUAGES else "")


def _own_name(view: NoticeView) -> str:
    """Who answers when nobody wrote a name: the consignee itself."""
    return view.consignee[language()] or view.consignee_id


def _page(token: str, view: NoticeView, filled: Filled, status: int = 200, said: Problem | None = None) -> Response:
    page = render_template("consignee/notice.html", view=view, form=filled, tongue=language(), further=FURTHER,
                           said=translated(said) if said else "", is_stale=isinstance(said, Stale),
                           action=_address("consignee.answer_notice", token),
                           file_url=lambda key: url_for("consignee.proof", token=token, attachment_id=key))
    return make_response(page, status)
