"""Mail about recalls: asking for it, confirming, ending. What is answered never tells whether an address is known."""
from __future__ import annotations

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from traceapp.core.errors import InvalidInput, NotFound, TooMany
from traceapp.db import Taken
from traceapp.identity.rate import hit
from traceapp.recall.subscribing import (
    CONFIRM_DAYS,
    About,
    AskForMail,
    about_of,
    ask_for_mail,
    confirm_mail,
    end_mail,
    subscriber_of,
    subscription_to_confirm,
)
from traceapp.web.context import source_network, world
from traceapp.web.problems import translated

from .scan_view import name_in
from .state import public_page
from .wishes import linked, settle_language

_ASKED_AN_HOUR, _HOUR = 30, 3600


def form() -> Response:
    """What to type an address into; `lot` or `product` says what about."""
    settle_language()
    return _form("", None)


def ask() -> AnyResponse:
    """Write to the address whether it really wants this."""
    settle_language()
    here, email = world(), request.form.get("email", "")[:300]
    command = AskForMail(email, g.language, _chosen("product"), _chosen("lot"))
    with here.database.write() as session:
        hit(session, here.clock, f"subscribe {source_network()}", _ASKED_AN_HOUR, _HOUR)
    try:
        with here.database.write() as session:
            ask_for_mail(session, here.clock, command, vault=here.vault)
    except InvalidInput as error:
        return _form(email, translated(error), 422)
    except (TooMany, Taken):
        pass  # that an address was written to before is nobody's business
    return redirect(linked("/recalls/subscribe", sent="1"), 303)


def confirm_page(token: str) -> Response:
    """A button: a program that only follows links confirms nothing."""
    settle_language()
    here = world()
    with here.database.read() as session:
        found = subscription_to_confirm(session, here.clock, token)
        about = about_of(session, found.product_id, found.lot_key)
        is_done = found.confirmed_at is not None
    return _secret(public_page("mail_confirm.html", about=_named(about), is_done=is_done,
                               action=linked(f"/recalls/subscribe/{token}")))


def confirm(token: str) -> AnyResponse:
    """Send mail from now on."""
    settle_language()
    here = world()
    with here.database.write() as session:
        confirm_mail(session, here.clock, token)
    return redirect(linked(f"/recalls/subscribe/{token}"), 303)


def leave_page(token: str) -> Response:
    """A button to end it."""
    settle_language()
    with world().database.read() as session:
        is_done = subscriber_of(session, token) is None
    return _secret(public_page("mail_leave.html", is_done=is_done, action=linked(f"/recalls/leave/{token}")))


def leave(token: str) -> AnyResponse:
    """End it: for the button, and for the one click of a mail program, which asks without a page (RFC 8058)."""
    settle_language()
    here = world()
    with here.database.write() as session:
        end_mail(session, here.clock, token)
    return _secret(public_page("mail_leave.html", is_done=True, action=""))


def _form(email: str, error: str | None, status: int = 200) -> Response:
    product, lot = _chosen("product"), _chosen("lot")
    with world().database.read() as session:
        about = about_of(session, product, lot)
    if (product or lot) and about == About():
        raise NotFound("There is no such product.", code="unknown-product")
    return public_page("mail_form.html", status=status, product=product, lot=lot, about=_named(about), email=email,
                       error=error, days=CONFIRM_DAYS, is_sent=request.args.get("sent") == "1",
                       action=linked("/recalls/subscribe"))


def _chosen(name: str) -> str | None:
    return request.values.get(name, "").strip()[:32] or None


def _named(about: About) -> str:
    return name_in(g.language, about.zh, about.en)


def _secret(answer: Response) -> Response:
    """The address is a secret: no other site and no index may learn it."""
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex, nofollow"
    answer.headers["Cache-Control"] = "no-store"
    return answer
